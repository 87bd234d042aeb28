// The outbound tunnels of a session, there while somebody uses them.

import type { Outbound } from './outbound.ts';

export type SharedOutbound = {
  /** Each taker gives back once. */
  take(): Outbound;
  giveBack(): void;
  /** While somebody uses it. */
  readonly current: Outbound | undefined;
  /** Names of the relay pods that are there now. */
  setRelays(pods: readonly string[]): void;
  /** The laptop has slept. */
  redial(): void;
  /** The laptop's network has changed. */
  check(): void;
  close(): Promise<void>;
};

export function createSharedOutbound(create: () => Outbound): SharedOutbound {
  let relays: readonly string[] = [];
  let users = 0;
  let current: Outbound | undefined;
  let closing = Promise.resolve();

  function end(): void {
    const ended = current;
    current = undefined;
    if (ended !== undefined) closing = Promise.all([closing, ended.close()]).then(() => undefined);
  }

  return {
    take() {
      users += 1;
      current ??= create();
      current.tunnels.setRelays(relays);
      return current;
    },
    giveBack() {
      users -= 1;
      if (users === 0) end();
    },
    get current() {
      return current;
    },
    setRelays(pods) {
      relays = pods;
      current?.tunnels.setRelays(pods);
    },
    redial: () => current?.tunnels.redial(),
    check: () => current?.tunnels.check(),
    async close() {
      end();
      await closing;
    },
  };
}
