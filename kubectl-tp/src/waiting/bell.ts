// Wakes whoever waits for something to change, without saying what: waiters look for themselves.

/** What setTimeout can hold; beyond, it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type Bell = {
  ring(): void;
  /** Resolves with the next ring or after `maxMs`; rejects with the signal's reason when it is aborted. */
  wait(maxMs: number, signal: AbortSignal): Promise<void>;
};

export function createBell(): Bell {
  const waiters = new Set<() => void>();
  return {
    ring() {
      for (const wake of [...waiters]) wake();
    },
    wait(maxMs, signal) {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const done = (finish: () => void) => () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', aborted);
          waiters.delete(wake);
          finish();
        };
        const wake = done(resolve);
        const aborted = done(() => reject(signal.reason));
        const timer = setTimeout(wake, Math.min(maxMs, LONGEST_TIMER_MS));
        signal.addEventListener('abort', aborted);
        waiters.add(wake);
      });
    },
  };
}
