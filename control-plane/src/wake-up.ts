// Lets a loop sleep until something happens or a time has come. What happens while the loop works isn't lost.

export type WakeUp = {
  ring(): void;
  /** Resolves when it was rung since the last wait, at `atMs`, or when the signal is aborted. */
  wait(atMs: number, signal: AbortSignal): Promise<void>;
};

/** Longer timers overflow; the loop then has one idle round in between. */
const LONGEST_WAIT_MS = 3600_000;

export function createWakeUp(now: () => number): WakeUp {
  let rung = false;
  let wake: () => void = () => undefined;

  function ring(): void {
    rung = true;
    wake();
  }

  async function wait(atMs: number, signal: AbortSignal): Promise<void> {
    if (!rung && !signal.aborted) await sleep(Math.min(Math.max(atMs - now(), 0), LONGEST_WAIT_MS), signal);
    rung = false;
  }

  function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake(), durationMs);
      wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        wake = () => undefined;
        resolve();
      };
      signal.addEventListener('abort', wake);
    });
  }

  return { ring, wait };
}
