// Ends a process that nobody needs: no call has run for a while, and there is nothing to keep alive.

export type IdleTimer = {
  /** The time counts from now on. */
  start(): void;
  /** The number of calls that run now. */
  note(running: number): void;
};

type Options = {
  /** How long to be idle before the end; asked whenever the last call ends. */
  readonly limitMs: () => number;
  readonly isNeeded: () => boolean;
  readonly onIdle: () => void;
};

export function createIdleTimer({ limitMs, isNeeded, onIdle }: Options): IdleTimer {
  let timer: NodeJS.Timeout | undefined;
  let isStarted = false;
  let running = 0;

  function arm(): void {
    timer = setTimeout(() => (isNeeded() ? arm() : onIdle()), limitMs());
  }

  function look(): void {
    clearTimeout(timer);
    if (isStarted && running === 0) arm();
  }

  return {
    start() {
      isStarted = true;
      look();
    },
    note(calls) {
      running = calls;
      look();
    },
  };
}
