// Keeps the tunnel to one relay up: dial, prove, serve, and again after a loss, until closed. One that came by a detour
// moves to the shortest way when that is there: what is open stays where it is until it ends.

import type { Duplex } from 'node:stream';
import type { MemoryBudget, MuxOptions } from '@kubectl-tp/control-plane/protocol';
import { waitFor } from '@kubectl-tp/control-plane/waiting';
import { TpError } from '../errors.ts';
import type { RelayConnection, RelayConnector, TunnelWay } from './connect-relay.ts';
import { createMovingMux } from './moving-mux.ts';
import { redialDelayMs, startingState, type TunnelEvent, type TunnelState, transition } from './tunnel-state.ts';

/** From the first packet to the relay's 101. */
const DIAL_TIMEOUT_MS = 10_000;
const DIAL_TIMEOUT_TEXT = `The relay did not answer within ${DIAL_TIMEOUT_MS / 1000} s.`;

/** Of a relay behind a slow link. Then the tunnel is dialed anew, and there again within two seconds of the change. */
const CHECK_TIMEOUT_MS = 1500;

/** A start is over by then; later a laptop may have come into a network that has a shorter way. */
const LOOK_EVERY_MS = 10_000;

/** A tunnel that lives for so long works. */
const SOON_MS = 60_000;

export type Tunnel = {
  readonly state: TunnelState;
  /** While it is up. */
  readonly way: TunnelWay | undefined;
  readonly roundTripMs: number | undefined;
  /** A new stream to the relay; undefined unless the tunnel is up. */
  open(): Duplex | undefined;
  /** Drops what it has and dials at once. */
  redial(): void;
  /** The laptop's network has changed: drops what does not answer soon, and dials at once. */
  check(): void;
  /** Asks the relay for no more connections, lets those that are open end for `drainMs`, and is over. */
  close(drainMs: number): Promise<void>;
};

export type TunnelOptions = {
  /** Name of its pod. */
  relay: string;
  /** Opens upgraded connections. */
  connector: RelayConnector;
  /** Who opens streams: the relay, for agents (the laptop is the acceptor then), or this laptop. */
  role: MuxOptions['role'];
  onStream?: (stream: Duplex) => void;
  /** Shared by all tunnels. */
  memory: MemoryBudget;
  onState: (state: TunnelState) => void;
};

export function keepTunnel({ relay, connector, role, onStream, memory, onState }: TunnelOptions): Tunnel {
  let state = startingState(Date.now());
  let way: TunnelWay | undefined;
  let hurry = new AbortController();

  let takenAtMs = 0;
  let onLost: (reason: Error | undefined) => void = () => undefined;
  const mux = createMovingMux({
    role,
    ...(onStream && { onStream }),
    onGoAway: () => apply({ name: 'goAway' }),
    onClose: (reason) => onLost(reason),
    memory,
  });

  function apply(event: TunnelEvent): void {
    const before = state;
    state = transition(state, event, Date.now());
    if (state !== before) onState(state);
  }

  const isClosed = () => state.name === 'closed';

  async function keep(): Promise<void> {
    while (!isClosed()) {
      hurry = new AbortController();
      try {
        const dialed = await dial();
        if (isClosed()) dialed.connection.destroy();
        else await serve(dialed);
      } catch (error) {
        apply({ name: 'lost', error: toError(error) });
      }
      if (hurry.signal.aborted) apply({ name: 'wake' });
      hurry = new AbortController();
      await waitFor(redialDelayMs(state, Date.now(), Math.random()), hurry.signal);
      if (hurry.signal.aborted) apply({ name: 'wake' });
      if (state.name === 'waiting') apply({ name: 'dial' });
    }
  }

  async function dial(): Promise<RelayConnection> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new TpError('TUNNEL_DOWN', DIAL_TIMEOUT_TEXT)), DIAL_TIMEOUT_MS);
    try {
      return await connector.connect(relay, AbortSignal.any([hurry.signal, limit.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when the tunnel has ended. */
  async function serve(first: RelayConnection): Promise<void> {
    const ended = new AbortController();
    const lost = new Promise<Error | undefined>((resolve) => {
      onLost = resolve;
    });
    take(first);
    void moveToShorterWay(ended.signal);
    const reason = await lost;
    ended.abort();
    // Who dials anew on purpose has broken it himself.
    const isOurs = isClosed() || hurry.signal.aborted;
    if (!isOurs && way !== undefined && Date.now() - takenAtMs < SOON_MS) connector.broke(relay, way);
    way = undefined;
    apply({ name: 'lost', error: reason ?? new TpError('TUNNEL_DOWN', 'The relay has ended the tunnel.') });
  }

  function take(dialed: RelayConnection): void {
    mux.take(dialed.connection);
    way = dialed.way;
    takenAtMs = Date.now();
    apply({ name: 'connected' });
  }

  /** Looks for one now and then. Never rejects. */
  async function moveToShorterWay(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await waitFor(LOOK_EVERY_MS, signal);
      if (way === undefined || signal.aborted) continue;
      const shorter = await connector.shorten(relay, way, signal);
      if (shorter === undefined) continue;
      if (signal.aborted || isClosed()) return void shorter.connection.destroy();
      take(shorter);
    }
  }

  /** Ends an attempt, or the wait for the next. */
  function dialAnew(): void {
    hurry.abort(new TpError('TUNNEL_DOWN', 'Dialing anew.'));
  }

  const kept = keep();
  return {
    get state() {
      return state;
    },
    get way() {
      return way;
    },
    get roundTripMs() {
      return mux.current?.roundTripMs;
    },
    open: () => (state.name === 'up' ? mux.current?.open() : undefined),
    redial() {
      dialAnew();
      mux.destroy();
    },
    check() {
      if (mux.current === undefined) dialAnew();
      mux.check(CHECK_TIMEOUT_MS);
    },
    async close(drainMs) {
      apply({ name: 'close' });
      await mux.close(drainMs);
      hurry.abort();
      await kept;
    },
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
