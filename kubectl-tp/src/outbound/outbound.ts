// The laptop's own connections into the cluster: through one outbound tunnel to each relay, the nearest of which carries
// what is new. Which addresses belong to the cluster, and what their names are, is for others to know.

import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { createMemoryBudget, type DialRequest, OUTBOUND_PATH } from '@kubectl-tp/control-plane/protocol';
import { createRelayConnector, type RelayWays } from '../tunnel/connect-relay.ts';
import { keepTunnel } from '../tunnel/keep-tunnel.ts';
import { createTunnelSet, type TunnelSet } from '../tunnel/tunnel-set.ts';
import type { TunnelState } from '../tunnel/tunnel-state.ts';
import { createBell } from '../waiting/bell.ts';
import { openDatagrams } from './datagrams.ts';
import { DialError, type Dialer } from './dialer.ts';
import { createQuestions, type Questions } from './questions.ts';
import { requestDial } from './request-dial.ts';

/** Data that waits for a slow program or a slow link. */
const MAX_HELD_BYTES = 128 << 20;
/** Whoever leaves the cluster's network expects its connections to break. */
const DRAIN_MS = 0;
/** A relay that restarts, or a laptop that wakes up, has a tunnel again within this time; longer, and a program had better know. */
const WAIT_FOR_TUNNEL_MS = 8000;

/** Not by the API server's proxy: nothing encrypts these bytes between it and the relay. */
export type OutboundOptions = Omit<RelayWays, 'askRelay'> & {
  /** Name of the Session object. */
  readonly session: string;
  readonly key: KeyObject;
  readonly onState?: (relay: string, state: TunnelState) => void;
};

export type Outbound = Dialer & {
  /** A stream for which the relay has answered `connected`. */
  open(request: DialRequest, signal: AbortSignal): Promise<Duplex>;
  /** Asks the cluster's resolver. Rejects with a DialError when it can't be reached. */
  readonly ask: Questions['ask'];
  readonly tunnels: Pick<TunnelSet, 'setRelays' | 'status' | 'redial' | 'check'>;
  close(): Promise<void>;
};

export function createOutbound({ dialRelay, dialDirect, session, key, onState }: OutboundOptions): Outbound {
  const memory = createMemoryBudget(MAX_HELD_BYTES);
  const bell = createBell();
  const tunnels = createTunnelSet({ start, drainMs: DRAIN_MS });
  const ways = { dialRelay, ...(dialDirect && { dialDirect }) };
  const connector = createRelayConnector(ways, { session, key, path: OUTBOUND_PATH });
  const questions = createQuestions((signal) => open({ kind: 'dns', host: '', port: 0 }, signal));

  function start(relay: string) {
    return keepTunnel({
      relay,
      connector,
      role: 'opener',
      memory,
      onState(state) {
        onState?.(relay, state);
        bell.ring();
      },
    });
  }

  /** A stream of the nearest relay; undefined when no tunnel is up. */
  function openStream(): Duplex | undefined {
    const [nearest] = tunnels
      .all()
      .filter(({ state }) => state.name === 'up')
      .sort((a, b) => (a.roundTripMs ?? Number.POSITIVE_INFINITY) - (b.roundTripMs ?? Number.POSITIVE_INFINITY));
    return nearest?.open();
  }

  async function streamSoon(deadlineMs: number, signal: AbortSignal): Promise<Duplex> {
    for (;;) {
      const stream = openStream();
      if (stream !== undefined) return stream;
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0) throw new DialError('lost', 'There is no tunnel to a relay now; see: kubectl tp status');
      await bell.wait(leftMs, signal);
    }
  }

  async function open(request: DialRequest, signal: AbortSignal): Promise<Duplex> {
    const deadlineMs = Date.now() + WAIT_FOR_TUNNEL_MS;
    const stream = await streamSoon(deadlineMs, signal);
    try {
      return await requestDial(stream, request, signal);
    } catch (error) {
      // Nothing of the program has been sent: what was asked of a tunnel that broke can be asked of another.
      if (!(error instanceof DialError && error.failure === 'lost') || Date.now() > deadlineMs) throw error;
      return requestDial(await streamSoon(deadlineMs, signal), request, signal);
    }
  }

  return {
    open,
    connect: ({ host, port }, signal) => open({ kind: 'tcp', host, port }, signal),
    openDatagrams: ({ host, port }, handlers) =>
      openDatagrams((signal) => open({ kind: 'udp', host, port }, signal), handlers),
    ask: questions.ask,
    tunnels,
    async close() {
      questions.close();
      await tunnels.close();
    },
  };
}
