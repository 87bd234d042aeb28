// One piece of work for several who ask for the same at once.

import { unlessAborted } from './unless-aborted.ts';

type Shared<T> = { readonly result: Promise<T>; readonly unwanted: AbortController; waiters: number };

/**
 * Who asks while the work goes on gets its result as well. Each gives up alone, with the reason of the own signal; the
 * work is aborted once the last one has.
 */
export function shareWork<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let current: Shared<T> | undefined;

  function begin(): Shared<T> {
    const unwanted = new AbortController();
    return { result: work(unwanted.signal), unwanted, waiters: 0 };
  }

  return async (signal) => {
    signal.throwIfAborted();
    current ??= begin();
    const shared = current;
    shared.waiters += 1;
    try {
      return await unlessAborted(shared.result, signal);
    } finally {
      shared.waiters -= 1;
      if (shared.waiters === 0) {
        current = undefined;
        shared.unwanted.abort();
      }
    }
  };
}
