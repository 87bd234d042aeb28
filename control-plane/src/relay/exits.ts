// By which agents do connections of this session leave? The control plane knows; what it said counts for a moment, so that
// a burst of connections asks once, and longer while nobody answers.

import type { ExitName } from '../protocol/index.ts';
import type { ExitAnswer } from '../reach/question.ts';

/** So long a pod that has just ended is still tried, and one that has just come is not. */
const FRESH_MS = 1000;
/** With all of the control plane away, laptops keep what they have for so long. */
const GRACE_MS = 10 * 60_000;
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
  readonly onTrouble: (error: unknown) => void;
};

type Known = { readonly asked: Promise<ExitAnswer>; readonly atMs: number };

export function createExits({ ask, now, onTrouble }: ExitsOptions): Exits {
  const sessions = new Map<string, Map<string, Known>>();

  function lookUp(session: string, exit: ExitName): Promise<ExitAnswer> {
    const known = sessions.get(session) ?? new Map<string, Known>();
    sessions.set(session, known);
    const key = `${exit.namespace}/${exit.name}`;
    const before = known.get(key);
    if (before !== undefined && now() - before.atMs < FRESH_MS) return before.asked;
    const asked = ask(session, exit).catch((error: unknown) => {
      onTrouble(error);
      if (before === undefined || now() - before.atMs >= GRACE_MS) throw error;
      // Asked again for the next one: the time is that of the answer.
      known.set(key, before);
      return before.asked;
    });
    const [oldest] = known.size < MAX_REMEMBERED ? [] : known.keys();
    if (oldest !== undefined) known.delete(oldest);
    known.set(key, { asked, atMs: now() });
    asked.catch(() => known.delete(key));
    return asked;
  }

  return {
    async find(session, exit) {
      try {
        const answer = await lookUp(session, exit);
        if (!answer.found) return { reason: NO_EXIT };
        return answer.agents.length === 0 ? { reason: NO_AGENT } : { agents: answer.agents };
      } catch {
        return { reason: UNCHECKED };
      }
    },
    forget: (session) => void sessions.delete(session),
  };
}

const NO_EXIT = 'the way out by --via has ended; see: kubectl tp list';
const NO_AGENT = 'no pod that it could leave from is ready; see: kubectl tp status';
const UNCHECKED = 'by which pods it may leave cannot be asked now, as the control plane does not answer: try again';
