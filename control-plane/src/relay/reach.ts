// May this session go to this address? The control plane knows, and what it said counts for a while, so that a relay
// asks seldom and goes on when nobody answers. What needs no question is decided here.

import { canonicalAddress, isInRanges, type Range } from '../addresses/index.ts';
import { isNeverDialed } from '../reach/never-dialed.ts';
import type { ReachAnswer } from '../reach/question.ts';
import { REFUSALS, type Refusal } from '../reach/refusals.ts';

/** For that long a right that was taken away, or an address that went to another pod, still counts. */
const ALLOWED_MS = 60_000;
/** A new pod, or a new right, is there soon. */
const REFUSED_MS = 5000;
/** Any process of the control plane may end; with all of them away, laptops keep what they have for so long. */
const GRACE_MS = 10 * 60_000;
/** So long nobody waits for a control plane that is away, where there is an older answer. */
const AWAY_MS = 5000;
/** Addresses remembered for one session: more than an application talks to, and some 100 kB. */
const MAX_REMEMBERED = 512;
/** Questions on their way for one session: who scans addresses is slowed down, and keeps nobody else waiting. */
const MAX_ASKED_AT_ONCE = 64;

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

/** What decides about one address of one session, and until when. */
type Remembered = { readonly outcome: Outcome; readonly untilMs: number; readonly graceEndMs: number };
type Outcome = 'allowed' | Refusal;

type SessionMemory = { readonly known: Map<string, Remembered>; readonly asking: Map<string, Promise<Outcome>> };

export function createReach({ ask, allow, own, now, onTrouble }: ReachOptions): Reach {
  const sessions = new Map<string, SessionMemory>();
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  const ownAddresses = new Set(own.flatMap((address) => canonicalAddress(address) ?? []));

  async function mayDial(session: string, text: string): Promise<Verdict> {
    const address = canonicalAddress(text);
    if (address === undefined) return toVerdict('malformed', text);
    if (isNeverDialed(address) || ownAddresses.has(address)) return toVerdict('closed', address);
    return toVerdict(await findOutcome(session, address), address);
  }

  function findOutcome(session: string, address: string): Outcome | Promise<Outcome> {
    const memory = sessions.get(session) ?? { known: new Map(), asking: new Map() };
    const known = memory.known.get(address);
    if (known !== undefined && now() < known.untilMs) return known.outcome;
    const asked = memory.asking.get(address);
    if (asked !== undefined) return asked;
    if (memory.asking.size >= MAX_ASKED_AT_ONCE) return 'too-many';
    const asking = consult({ session, address, memory }).finally(() => {
      memory.asking.delete(address);
      if (memory.asking.size + memory.known.size === 0 && sessions.get(session) === memory) sessions.delete(session);
    });
    memory.asking.set(address, asking);
    sessions.set(session, memory);
    return asking;
  }

  async function consult(question: { session: string; address: string; memory: SessionMemory }): Promise<Outcome> {
    const { session, address, memory } = question;
    try {
      const outcome = decide(await ask(session, address), address);
      remember(memory.known, address, outcome);
      return outcome;
    } catch (error) {
      report(error);
      return rememberedLonger(memory.known, address);
    }
  }

  /** A control plane that is away is no news with each connection of each laptop. */
  function report(error: unknown): void {
    if (now() < quietUntilMs) return;
    quietUntilMs = now() + AWAY_MS;
    onTrouble(error);
  }

  /** The cluster's own addresses go by rights, also where the install allows the range around them. */
  function decide(answer: ReachAnswer, address: string): Outcome {
    if (answer.allowed) return 'allowed';
    return answer.reason === 'unknown' && isInRanges(address, allow) ? 'allowed' : answer.reason;
  }

  function remember(known: SessionMemory['known'], address: string, outcome: Outcome): void {
    const untilMs = now() + (outcome === 'allowed' ? ALLOWED_MS : REFUSED_MS);
    // Whoever was asked about last is forgotten last.
    known.delete(address);
    const [oldest] = known.size < MAX_REMEMBERED ? [] : known.keys();
    if (oldest !== undefined) known.delete(oldest);
    known.set(address, { outcome, untilMs, graceEndMs: untilMs + GRACE_MS });
  }

  function rememberedLonger(known: SessionMemory['known'], address: string): Outcome {
    const before = known.get(address);
    if (before?.outcome !== 'allowed' || now() >= before.graceEndMs) return 'unchecked';
    known.set(address, { ...before, untilMs: Math.min(now() + AWAY_MS, before.graceEndMs) });
    return 'allowed';
  }

  return { mayDial, forget: (session) => void sessions.delete(session) };
}

function toVerdict(outcome: Outcome, address: string): Verdict {
  return outcome === 'allowed' ? { allowed: true, address } : { allowed: false, reason: REFUSALS[outcome] };
}
