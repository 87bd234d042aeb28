// One tunnel to each relay there is, so that any relay may end.

import type { TunnelWay } from './connect-relay.ts';
import type { Tunnel } from './keep-tunnel.ts';
import { watchNetwork } from './network-watch.ts';
import { watchSleep } from './sleep-watch.ts';
import type { TunnelState } from './tunnel-state.ts';

export type TunnelStatus = {
  relay: string;
  state: TunnelState;
  /** While it is up. */
  way: TunnelWay | undefined;
  roundTripMs: number | undefined;
};

export type TunnelSet = {
  /** Names of the relay pods that are there now. Tunnels to others are closed without failing a request. */
  setRelays(pods: Iterable<string>): void;
  /** Sorted by relay. */
  status(): TunnelStatus[];
  /** Those that exist now, whatever their state. */
  all(): Tunnel[];
  /** Leaves without failing a request: agents learn that the laptop goes while it still serves. */
  close(): Promise<void>;
};

export type TunnelSetOptions = {
  readonly start: (relay: string) => Tunnel;
  /** What is under way when a tunnel is closed may take so long. */
  readonly drainMs: number;
};

export function createTunnelSet({ start, drainMs }: TunnelSetOptions): TunnelSet {
  const tunnels = new Map<string, Tunnel>();
  const ending = new Set<Promise<void>>();

  const stopWatchingSleep = watchSleep(() => {
    for (const tunnel of tunnels.values()) tunnel.redial();
  });
  const stopWatchingNetwork = watchNetwork(() => {
    for (const tunnel of tunnels.values()) tunnel.check();
  });

  function end(relay: string, tunnel: Tunnel): void {
    tunnels.delete(relay);
    const ended = tunnel.close(drainMs).finally(() => ending.delete(ended));
    ending.add(ended);
  }

  return {
    setRelays(pods) {
      const wanted = new Set(pods);
      for (const [relay, tunnel] of tunnels) if (!wanted.has(relay)) end(relay, tunnel);
      for (const relay of wanted) if (!tunnels.has(relay)) tunnels.set(relay, start(relay));
    },
    status() {
      return [...tunnels]
        .map(([relay, { state, way, roundTripMs }]) => ({ relay, state, way, roundTripMs }))
        .sort((left, right) => (left.relay < right.relay ? -1 : 1));
    },
    all: () => [...tunnels.values()],
    async close() {
      stopWatchingSleep();
      stopWatchingNetwork();
      for (const [relay, tunnel] of tunnels) end(relay, tunnel);
      await Promise.all(ending);
    },
  };
}
