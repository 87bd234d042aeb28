// Waits for a condition instead of sleeping.

import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * Resolves with the first value that is neither undefined nor false; throws after `withinMs`, saying what was awaited:
 * a function is asked then.
 */
export async function waitFor<T>(
  what: string | (() => string),
  look: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) {
      throw new Error(`not within ${withinMs / 1000} s: ${typeof what === 'string' ? what : what()}`);
    }
    await delay(LOOK_EVERY_MS);
  }
}
