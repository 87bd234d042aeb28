// May this session go to this address? The control plane knows, and what it said is remembered. What needs no question
// is decided here.

import { canonicalAddress, isInRanges, type Range } from '../addresses/index.ts';
import { isNeverDialed } from '../reach/never-dialed.ts';
import type { ReachAnswer } from '../reach/question.ts';
import { REFUSALS, type Refusal } from '../reach/refusals.ts';
import { createSessionAnswers } from './session-answers.ts';

/** For that long a right that was taken away, or an address that went to another pod, still counts. */
const ALLOWED_MS = 60_000;
/** A new pod, or a new right, is there soon. */
const REFUSED_MS = 5000;
/** Addresses remembered for one session: more than an application talks to, and some 100 kB. */
const MAX_REMEMBERED = 512;

export type Verdict =
  /** Dial this text: it is the one form of the address that was judged. */
  | { readonly allowed: true; readonly address: string }
  /** A sentence for people. */
  | { readonly allowed: false; readonly reason: string };

export type Reach = {
  /** Never throws. */
  mayDial(session: string, address: string): Promise<Verdict>;
  /** The session has ended. */
  forget(session: string): void;
};

export type ReachOptions = {
  /** Asks the control plane; throws when it does not answer. `address` is canonical. */
  readonly ask: (session: string, address: string) => Promise<ReachAnswer>;
  /** Where every session may go, unless a node, pod or Service has the address. */
  readonly allow: readonly Range[];
  /** Addresses of this relay's pod, in any spelling. */
  readonly own: readonly string[];
  readonly now: () => number;
  /** Hears, now and then, why the control plane could not be asked. */
  readonly onTrouble: (error: unknown) => void;
};

type Outcome = 'allowed' | Refusal;

export function createReach({ ask, allow, own, now, onTrouble }: ReachOptions): Reach {
  const answers = createSessionAnswers<Outcome>({
    freshMs: (outcome) => (outcome === 'allowed' ? ALLOWED_MS : REFUSED_MS),
    isKept: (outcome) => outcome === 'allowed',
    maxRemembered: MAX_REMEMBERED,
    now,
    onTrouble,
  });
  const ownAddresses = new Set(own.flatMap((address) => canonicalAddress(address) ?? []));

  async function mayDial(session: string, text: string): Promise<Verdict> {
    const address = canonicalAddress(text);
    if (address === undefined) return toVerdict('malformed', text);
    if (isNeverDialed(address) || ownAddresses.has(address)) return toVerdict('closed', address);
    const judge = async () => decide(await ask(session, address), address);
    return toVerdict(await answers.find(session, address, judge), address);
  }

  /** The cluster's own addresses go by rights, also where the install allows the range around them. */
  function decide(answer: ReachAnswer, address: string): Outcome {
    if (answer.allowed) return 'allowed';
    return answer.reason === 'unknown' && isInRanges(address, allow) ? 'allowed' : answer.reason;
  }

  return { mayDial, forget: answers.forget };
}

function toVerdict(outcome: Outcome, address: string): Verdict {
  return outcome === 'allowed' ? { allowed: true, address } : { allowed: false, reason: REFUSALS[outcome] };
}
