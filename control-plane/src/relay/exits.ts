// By which agents do connections of this session leave? The control plane knows; what it said counts for a moment, so that
// a burst of connections asks once.

import type { ExitName } from '../protocol/index.ts';
import type { ExitAnswer } from '../reach/question.ts';
import { createSessionAnswers, type NoAnswer } from './session-answers.ts';

/** So long a pod that has just ended is still tried, and one that has just come is not. */
const FRESH_MS = 1000;
/** Exits remembered for one session: more than a person opens. */
const MAX_REMEMBERED = 64;

export type Agents = Extract<ExitAnswer, { found: true }>['agents'];

/** A sentence for people, unless there are agents. */
export type FoundAgents = { readonly agents: Agents } | { readonly reason: string };

export type Exits = {
  /** Never throws. */
  find(session: string, exit: ExitName): Promise<FoundAgents>;
  /** The session has ended. */
  forget(session: string): void;
};

export type ExitsOptions = {
  /** Asks the control plane; throws when it does not answer. */
  readonly ask: (session: string, exit: ExitName) => Promise<ExitAnswer>;
  readonly now: () => number;
  /** Hears, now and then, why the control plane could not be asked. */
  readonly onTrouble: (error: unknown) => void;
};

export function createExits({ ask, now, onTrouble }: ExitsOptions): Exits {
  const answers = createSessionAnswers<ExitAnswer>({
    freshMs: () => FRESH_MS,
    isKept: ({ found }) => found,
    maxRemembered: MAX_REMEMBERED,
    now,
    onTrouble,
  });
  return {
    async find(session, exit) {
      const answer = await answers.find(session, `${exit.namespace}/${exit.name}`, () => ask(session, exit));
      if (typeof answer === 'string') return { reason: NO_ANSWER[answer] };
      if (!answer.found) return { reason: NO_EXIT };
      return answer.agents.length === 0 ? { reason: NO_AGENT } : { agents: answer.agents };
    },
    forget: answers.forget,
  };
}

const NO_EXIT = 'the way out by --via has ended; see: kubectl tp list';
const NO_AGENT = 'no pod that it could leave from is ready; see: kubectl tp status';
const NO_ANSWER: Readonly<Record<NoAnswer, string>> = {
  'too-many': 'too many ways out are asked for at once',
  unchecked: 'by which pods it may leave cannot be asked now, as the control plane does not answer: try again',
};
