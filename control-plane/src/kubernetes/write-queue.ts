// Writes to the API server as wishes: what should be true, given anew each round and replaced whole. A write runs once,
// is tried again with back-off when it fails, and never blocks whoever wishes.

import { createBackOff } from './backoff.ts';
import { isConflict, isNotFound } from './errors.ts';
import { createLimiter } from './limiter.ts';

/** Enough to keep the API server busy, too few to fill its queues. */
const MAX_CONCURRENT_WRITES = 8;
const BACK_OFF = { firstMs: 200, maxMs: 10_000 };
/**
 * A write that succeeded shows in the watched state within milliseconds, and is then no longer wished for. If it still
 * is after that time, somebody has undone it: it is written again.
 */
const REPEAT_AFTER_MS = 30_000;

export type Write = {
  /** One thing to bring about: a later write of the same key replaces one that has not run. */
  readonly key: string;
  /** Equal content, equal fingerprint: an equal write is not repeated. */
  readonly fingerprint: string;
  readonly send: (signal: AbortSignal) => Promise<unknown>;
};

export type WriteQueue = {
  /** All that should be written now. Writes of former rounds that are not in it and have not run are dropped. */
  want(writes: readonly Write[]): void;
  /** The error of the last attempt at a write that is still wished for; undefined if it was none. */
  failureOf(key: string): unknown;
};

export type WriteQueueOptions = {
  /** Ends all writing. */
  readonly signal: AbortSignal;
  readonly onTrouble: (key: string, error: unknown) => void;
};

type Slot = {
  wanted: Write | undefined;
  done: { fingerprint: string; atMs: number } | undefined;
  failure: unknown;
  isBusy: boolean;
};

export function createWriteQueue({ signal, onTrouble }: WriteQueueOptions): WriteQueue {
  const slots = new Map<string, Slot>();
  const withPermit = createLimiter(MAX_CONCURRENT_WRITES);

  function want(writes: readonly Write[]): void {
    const wanted = new Map(writes.map((write) => [write.key, write]));
    for (const [key, slot] of slots) if (!wanted.has(key)) release(key, slot);
    for (const [key, write] of wanted) {
      const slot = slots.get(key) ?? { wanted: undefined, done: undefined, failure: undefined, isBusy: false };
      slots.set(key, slot);
      slot.wanted = write;
      if (!slot.isBusy) void drive(key, slot);
    }
  }

  function release(key: string, slot: Slot): void {
    slot.wanted = undefined;
    if (!slot.isBusy) slots.delete(key);
  }

  async function drive(key: string, slot: Slot): Promise<void> {
    slot.isBusy = true;
    const backOff = createBackOff(BACK_OFF);
    for (let write = nextOf(slot); write !== undefined && !signal.aborted; write = nextOf(slot)) {
      const error = await attempt(write);
      slot.failure = error;
      if (error === undefined) {
        slot.done = { fingerprint: write.fingerprint, atMs: Date.now() };
      } else {
        onTrouble(key, error);
        await backOff.wait(signal);
      }
    }
    slot.isBusy = false;
    if (slot.wanted === undefined) slots.delete(key);
  }

  /** Resolves with the error that asks for another attempt. */
  async function attempt(write: Write): Promise<unknown> {
    try {
      await withPermit(() => write.send(signal));
    } catch (error) {
      // The object is gone or another one by now: the watched state will say so, and the wish will be another one.
      if (isNotFound(error) || isConflict(error) || signal.aborted) return undefined;
      return error;
    }
    return undefined;
  }

  return { want, failureOf: (key) => slots.get(key)?.failure };
}

function nextOf({ wanted, done }: Slot): Write | undefined {
  const isDone = done?.fingerprint === wanted?.fingerprint && Date.now() - (done?.atMs ?? 0) < REPEAT_AFTER_MS;
  return isDone ? undefined : wanted;
}
