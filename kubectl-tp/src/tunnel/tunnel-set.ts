// One tunnel to each relay there is, so that any relay may end.

import type { TunnelWay } from './connect-relay.ts';
import type { Tunnel } from './keep-tunnel.ts';
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
  /** The laptop has slept. */
  redial(): void;
  /** The laptop's network has changed. */
  check(): void;
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
    redial() {
      for (const tunnel of tunnels.values()) tunnel.redial();
    },
    check() {
      for (const tunnel of tunnels.values()) tunnel.check();
    },
    async close() {
      for (const [relay, tunnel] of tunnels) end(relay, tunnel);
      await Promise.all(ending);
    },
  };
}
