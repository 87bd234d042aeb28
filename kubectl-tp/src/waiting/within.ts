// A limit in time for one thing.

import { unlessAborted } from './unless-aborted.ts';

/** Rejects when the time is over, whatever `run` makes of its signal. `what` did not come, says the error. */
export async function within<T>(maxMs: number, what: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`${what} did not come within ${maxMs / 1000} s`)), maxMs);
  try {
    return await unlessAborted(run(limit.signal), limit.signal);
  } finally {
    clearTimeout(timer);
  }
}
