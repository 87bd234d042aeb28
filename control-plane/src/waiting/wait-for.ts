// Lets time pass.

import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after that time, or at once when the signal is aborted. */
export async function waitFor(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => undefined);
}
