// Ends a process that nobody needs: no call runs, and there is nothing to keep alive.

export type IdleTimer = {
  /** The number of calls that run now. */
  note(running: number): void;
};

type Options = { readonly idleMs: number; readonly isNeeded: () => boolean; readonly onIdle: () => void };

/** Looks several times per period, because an intercept may end without a call. */
const LOOKS_PER_PERIOD = 10;

export function createIdleTimer({ idleMs, isNeeded, onIdle }: Options): IdleTimer {
  let running = 0;
  let idleSinceMs = Date.now();
  setInterval(() => {
    if (running > 0 || isNeeded()) idleSinceMs = Date.now();
    else if (Date.now() - idleSinceMs >= idleMs) onIdle();
  }, idleMs / LOOKS_PER_PERIOD).unref();
  return {
    note(count) {
      running = count;
      idleSinceMs = Date.now();
    },
  };
}
