// Waiting between attempts: doubling with jitter, so that many processes don't come back in step.

import { waitFor } from '../waiting/index.ts';

export type BackOff = {
  /** Resolves after the next delay, or at once when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void>;
  /** After a success: the next delay is the first one again. */
  reset(): void;
};

export function createBackOff({ firstMs, maxMs }: { firstMs: number; maxMs: number }): BackOff {
  let delayMs = firstMs;
  return {
    async wait(signal) {
      const jittered = delayMs * (0.5 + Math.random() / 2);
      delayMs = Math.min(delayMs * 2, maxMs);
      await waitFor(jittered, signal);
    },
    reset() {
      delayMs = firstMs;
    },
  };
}
