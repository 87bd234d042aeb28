// Asks a relay for a tunnel over a connection that somebody else has opened, with the proof of the session.

import type { KeyObject } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type OUTBOUND_PATH,
  PROOF_HEADER,
  SESSION_HEADER,
  signSessionProof,
  TUNNEL_PATH,
  TUNNEL_PROTOCOL,
  type TunnelRefusal,
} from '@kubectl-tp/control-plane/protocol';
import { TpError } from '../errors.ts';

const MAX_ANSWER_BYTES = 8 << 10;

export type SessionProof = { session: string; key: KeyObject; relay: string };

/** Which tunnel is asked for: the one whose streams the relay opens, or the outbound one. */
export type TunnelPath = typeof TUNNEL_PATH | typeof OUTBOUND_PATH;

export type TunnelRequest = { readonly path: string; readonly headers: Readonly<Record<string, string>> };

/** A request for a tunnel, good for one try. */
export async function buildTunnelRequest(
  { session, key, relay }: SessionProof,
  path: TunnelPath = TUNNEL_PATH,
): Promise<TunnelRequest> {
  const proof = await signSessionProof(key, { session, relay, id: randomUUID(), nowMs: Date.now() });
  return {
    path,
    headers: { upgrade: TUNNEL_PROTOCOL, [PROOF_HEADER]: proof, [SESSION_HEADER]: session },
  };
}

/** Resolves with the same connection after the relay's 101; it is destroyed when this throws. */
export async function reverseConnect(
  connection: Duplex,
  { path, ...claim }: SessionProof & { path?: TunnelPath },
  signal: AbortSignal,
): Promise<Duplex> {
  try {
    const request = await buildTunnelRequest(claim, path);
    signal.throwIfAborted();
    // A request never hears of a connection that was lost before it began.
    if (connection.destroyed) throw lost(claim.relay, connection.errored ?? new Error('it broke off'));
    return await upgrade(connection, claim.relay, request, signal);
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function upgrade(
  connection: Duplex,
  relay: string,
  { path, headers }: TunnelRequest,
  signal: AbortSignal,
): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const ask = request({
    createConnection: () => connection,
    path,
    signal,
    maxHeaderSize: MAX_ANSWER_BYTES,
    headers: { host: relay, connection: 'Upgrade', ...headers },
  });
  ask.on('upgrade', (_response, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  ask.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text) => {
      if (body.length < MAX_ANSWER_BYTES) body += text;
    });
    response.on('end', () => reject(fromRefusal(relay, body)));
    response.on('error', reject);
  });
  ask.on('close', () => reject(lost(relay, new Error('it broke off'))));
  ask.on('error', (error) => {
    if (signal.aborted) return reject(signal.reason);
    reject(error instanceof TpError ? error : lost(relay, error));
  });
  ask.end();
  return promise;
}

function fromRefusal(relay: string, body: string): TpError {
  const { code, message } = parseRefusal(body);
  return new TpError('TUNNEL_REFUSED', `Relay ${relay} refused the tunnel: ${message} (${code})`, {
    hint: code === 'TUNNEL_REQUEST_INVALID' ? 'Plugin and cluster part differ: kubectl tp version' : undefined,
  });
}

function parseRefusal(body: string): TunnelRefusal {
  try {
    const { code, message } = JSON.parse(body) as Partial<TunnelRefusal>;
    return { code: String(code), message: String(message) };
  } catch {
    return { code: 'UNKNOWN', message: 'it gave no reason' }; // not a relay, or cut in the middle
  }
}

function lost(relay: string, cause: Error): TpError {
  return new TpError('TUNNEL_REFUSED', `Relay ${relay} ended the connection: ${cause.message}`, { cause });
}
