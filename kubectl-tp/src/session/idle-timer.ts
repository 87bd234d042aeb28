// Ends a process that nobody needs: no call has run for a while, and there is nothing to keep alive.

export type IdleTimer = {
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
  function arm(): void {
    timer = setTimeout(() => (isNeeded() ? arm() : onIdle()), limitMs());
  }
  arm();
  return {
    note(running) {
      clearTimeout(timer);
      if (running === 0) arm();
    },
  };
}
