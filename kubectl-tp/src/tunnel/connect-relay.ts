// Opens the connection of a tunnel by the shortest way that works. Where an install lets laptops reach its relays
// themselves, nothing is between. The API server's proxy dials the relay's pod. A port-forward also leads through kubelet and
// container runtime, which costs a third more, but works wherever kubectl does.

import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TUNNEL_PROTOCOL } from '@kubectl-tp/control-plane/protocol';
import { TpError } from '../errors.ts';
import type { Refused, Upgraded } from '../kubernetes/upgrade.ts';
import { withHeadStart } from '../waiting/with-head-start.ts';
import type { DirectDialer } from './dial-direct.ts';
import { buildTunnelRequest, reverseConnect, type TunnelPath, type TunnelRequest } from './reverse-connect.ts';

/**
 * The proxy answers within two round trips; an API server that can't reach the pod tries for half a minute. A relay that
 * has just started asks for its certificate first, and a balancer may lead to another one: more round trips.
 */
const HEAD_STARTS_MS = { direct: 1000, proxy: 400 };
/** A look for a shorter way; a firewall says nothing for longer. */
const LOOK_TIMEOUT_MS = 10_000;
/** How long a shortcut is left alone after it was refused (a missing right), was slow (a firewall), failed (a relay that starts). */
const PAUSES_MS = { refused: 10 * 60_000, slow: 2 * 60_000, failed: 5_000 };

export type TunnelWay = 'direct' | 'proxy' | 'port-forward';
export type RelayConnection = { readonly connection: Duplex; readonly way: TunnelWay };

export type RelayWays = {
  /** Opens a byte connection to the laptop port of a relay's pod. */
  readonly dialRelay: (relay: string, signal: AbortSignal) => Promise<Duplex>;
  /** Asks a relay for the tunnel through the API server's proxy. */
  readonly askRelay?: (relay: string, request: TunnelRequest, signal: AbortSignal) => Promise<Upgraded | Refused>;
  /** Opens an encrypted connection to a relay, where it has an address. */
  readonly dialDirect?: DirectDialer;
};

export type RelayConnector = {
  connect(relay: string, signal: AbortSignal): Promise<RelayConnection>;
  /** The shortest way to a relay that was reached by another; undefined when there is none now. */
  shorten(relay: string, way: TunnelWay, signal: AbortSignal): Promise<RelayConnection | undefined>;
  /** What came by that way broke soon: something on it lets a tunnel begin and not go on. */
  broke(relay: string, way: TunnelWay): void;
};

type Claim = { readonly session: string; readonly key: KeyObject; readonly path?: TunnelPath };

/** How it may be reached without a port-forward. */
type Shortcut = {
  readonly way: keyof typeof HEAD_STARTS_MS;
  /** Undefined where a relay can't be reached so. */
  readonly to: (relay: string) => ((signal: AbortSignal) => Promise<Duplex>) | undefined;
  /** For which relays the same holds when it does not work: those with the same answer. */
  readonly likeOf: (relay: string) => string;
};

/** Of one session. */
export function createRelayConnector({ dialRelay, askRelay, dialDirect }: RelayWays, claim: Claim): RelayConnector {
  // The API server proxies to all relays or to none; an address may lead to some of them only.
  const directly: Shortcut = { way: 'direct', to: (relay) => direct(relay), likeOf: (relay) => relay };
  const shortcuts: readonly Shortcut[] = [directly, { way: 'proxy', to: (relay) => proxy(relay), likeOf: () => 'all' }];
  const pausedUntilMs = new Map<string, number>();

  function pause({ way, likeOf }: Shortcut, relay: string, durationMs: number): void {
    pausedUntilMs.set(`${way} ${likeOf(relay)}`, Date.now() + durationMs);
  }

  /** Undefined where there is no such way, or it is left alone. */
  function openerOf(shortcut: Shortcut, relay: string) {
    const untilMs = pausedUntilMs.get(`${shortcut.way} ${shortcut.likeOf(relay)}`) ?? 0;
    return Date.now() < untilMs ? undefined : shortcut.to(relay);
  }

  function direct(relay: string) {
    const dial = dialDirect?.(relay);
    return dial && (async (signal: AbortSignal) => reverseConnect(await dial(signal), { ...claim, relay }, signal));
  }

  function proxy(relay: string) {
    return askRelay && (async (signal: AbortSignal) => connectByProxy(askRelay, { ...claim, relay }, signal));
  }

  async function byPortForward(relay: string, signal: AbortSignal): Promise<RelayConnection> {
    const connection = await reverseConnect(await dialRelay(relay, signal), { ...claim, relay }, signal);
    return { connection, way: 'port-forward' };
  }

  /** The shortest of `ways`, each with a head start before the rest. */
  function connect(
    relay: string,
    [shortcut, ...longer]: readonly Shortcut[],
    signal: AbortSignal,
  ): Promise<RelayConnection> {
    if (shortcut === undefined) return byPortForward(relay, signal);
    const open = openerOf(shortcut, relay);
    if (open === undefined) return connect(relay, longer, signal);
    return withHeadStart<RelayConnection>({
      async preferred(limited) {
        try {
          return { connection: await open(limited), way: shortcut.way };
        } catch (error) {
          if (!signal.aborted) pause(shortcut, relay, pauseAfter(error, limited.aborted));
          throw error;
        }
      },
      other: (limited) => connect(relay, longer, limited),
      headStartMs: HEAD_STARTS_MS[shortcut.way],
      discard: ({ connection }) => connection.destroy(),
      signal,
    });
  }

  return {
    connect: (relay, signal) => connect(relay, shortcuts, signal),
    async shorten(relay, way, signal) {
      const open = way === 'direct' ? undefined : openerOf(directly, relay);
      if (open === undefined) return undefined;
      const limited = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]);
      try {
        return { connection: await open(limited), way: 'direct' };
      } catch (error) {
        if (!signal.aborted) pause(directly, relay, pauseAfter(error, true));
        return undefined;
      }
    },
    broke(relay, way) {
      if (way === 'direct') pause(directly, relay, PAUSES_MS.slow);
    },
  };
}

async function connectByProxy(
  ask: NonNullable<RelayWays['askRelay']>,
  { relay, path, ...proof }: Claim & { readonly relay: string },
  signal: AbortSignal,
): Promise<Duplex> {
  const answer = await ask(relay, await buildTunnelRequest({ ...proof, relay }, path), signal);
  if ('socket' in answer && answer.response.headers.upgrade === TUNNEL_PROTOCOL) return answer.socket;
  if ('socket' in answer) answer.socket.destroy();
  const isForbidden = 'status' in answer && answer.status === 403;
  throw new TpError(isForbidden ? 'MISSING_RIGHT' : 'TUNNEL_REFUSED', `No way through the proxy to relay ${relay}.`);
}

function pauseAfter(error: unknown, wasSlow: boolean): number {
  const isForbidden = error instanceof TpError && error.code === 'MISSING_RIGHT';
  return PAUSES_MS[isForbidden ? 'refused' : wasSlow ? 'slow' : 'failed'];
}
