// Opens the connection of a tunnel by the shorter of two ways. The API server's proxy dials the relay's pod itself; a
// port-forward also leads through kubelet and container runtime, which costs a third more, but works wherever kubectl
// does. Where the proxy may not be used, or the API server can't reach pods, it is the port-forward.

import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TUNNEL_PROTOCOL } from '@kubectl-tp/control-plane/protocol';
import { TpError } from '../errors.ts';
import type { Refused, Upgraded } from '../kubernetes/upgrade.ts';
import { withHeadStart } from '../waiting/with-head-start.ts';
import { buildTunnelRequest, reverseConnect, type TunnelRequest } from './reverse-connect.ts';

/** The proxy answers within two round trips; an API server that can't reach the pod tries for half a minute. */
const PROXY_HEAD_START_MS = 400;
/** How long the proxy is left alone after it was refused (a missing right), was slow (a firewall), failed (a relay that starts). */
const PAUSES_MS = { refused: 10 * 60_000, slow: 2 * 60_000, failed: 5_000 };

export type TunnelWay = 'proxy' | 'port-forward';
export type RelayConnection = { readonly connection: Duplex; readonly way: TunnelWay };

export type RelayWays = {
  /** Opens a byte connection to the laptop port of a relay's pod. */
  readonly dialRelay: (relay: string, signal: AbortSignal) => Promise<Duplex>;
  /** Asks a relay for the tunnel through the API server's proxy. */
  readonly askRelay?: (relay: string, request: TunnelRequest, signal: AbortSignal) => Promise<Upgraded | Refused>;
};

/** Of one session; what it has learned of the ways holds for all relays. */
export function createRelayConnector(
  { dialRelay, askRelay }: RelayWays,
  { session, key }: { session: string; key: KeyObject },
): (relay: string, signal: AbortSignal) => Promise<RelayConnection> {
  let pausedUntilMs = 0;

  async function byPortForward(relay: string, signal: AbortSignal): Promise<RelayConnection> {
    const connection = await reverseConnect(await dialRelay(relay, signal), { session, key, relay }, signal);
    return { connection, way: 'port-forward' };
  }

  async function byProxy(ask: NonNullable<typeof askRelay>, relay: string, signal: AbortSignal) {
    const answer = await ask(relay, await buildTunnelRequest({ session, key, relay }), signal);
    if ('socket' in answer && answer.response.headers.upgrade === TUNNEL_PROTOCOL) {
      return { connection: answer.socket, way: 'proxy' as const };
    }
    if ('socket' in answer) answer.socket.destroy();
    const isForbidden = 'status' in answer && answer.status === 403;
    throw new TpError(isForbidden ? 'MISSING_RIGHT' : 'TUNNEL_REFUSED', `No way through the proxy to relay ${relay}.`);
  }

  function pauseFor(error: unknown, wasSlow: boolean): void {
    const isForbidden = error instanceof TpError && error.code === 'MISSING_RIGHT';
    const why = isForbidden ? 'refused' : wasSlow ? 'slow' : 'failed';
    pausedUntilMs = Date.now() + PAUSES_MS[why];
  }

  return async (relay, signal) => {
    if (askRelay === undefined || Date.now() < pausedUntilMs) return byPortForward(relay, signal);
    return withHeadStart<RelayConnection>({
      async preferred(limited) {
        try {
          return await byProxy(askRelay, relay, limited);
        } catch (error) {
          if (!signal.aborted) pauseFor(error, limited.aborted);
          throw error;
        }
      },
      other: (limited) => byPortForward(relay, limited),
      headStartMs: PROXY_HEAD_START_MS,
      discard: ({ connection }) => connection.destroy(),
      signal,
    });
  };
}
