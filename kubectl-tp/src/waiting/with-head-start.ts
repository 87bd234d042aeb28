// Two ways to the same thing, of which one is better where it works: it gets a head start.

import { setTimeout as sleep } from 'node:timers/promises';

export type HeadStart<T> = {
  readonly preferred: (signal: AbortSignal) => Promise<T>;
  /** Begins when the preferred way has failed, or has taken `headStartMs`. */
  readonly other: (signal: AbortSignal) => Promise<T>;
  readonly headStartMs: number;
  /** Called for what comes too late. */
  readonly discard: (late: T) => void;
  readonly signal: AbortSignal;
};

/**
 * Resolves with what is there first, and aborts the other way. When the other way has failed, the preferred one has its
 * head start once more. When both fail, rejects with the other way's error.
 */
export async function withHeadStart<T>({ preferred, other, headStartMs, discard, signal }: HeadStart<T>): Promise<T> {
  const limits = { preferred: new AbortController(), other: new AbortController() };
  const first = preferred(AbortSignal.any([signal, limits.preferred.signal]));
  const second = startLater();
  second.catch(() => giveUpLater());
  try {
    const winner = await Promise.any([
      first.then((value) => ({ value, late: second, limit: limits.other })),
      second.then((value) => ({ value, late: first, limit: limits.preferred })),
    ]);
    winner.limit.abort();
    winner.late.then(discard, () => undefined);
    return winner.value;
  } catch {
    return await second;
  }

  function giveUpLater(): void {
    const timer = setTimeout(() => limits.preferred.abort(), headStartMs);
    const stop = () => clearTimeout(timer);
    first.then(stop, stop);
  }

  async function startLater(): Promise<T> {
    const failed = new AbortController();
    first.catch(() => failed.abort());
    const either = AbortSignal.any([limits.other.signal, failed.signal]);
    await sleep(headStartMs, undefined, { signal: either }).catch(() => limits.other.signal.throwIfAborted());
    return other(AbortSignal.any([signal, limits.other.signal]));
  }
}
