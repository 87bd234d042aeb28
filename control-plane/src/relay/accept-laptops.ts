// Where laptops open their tunnels: one HTTP/1.1 Upgrade each, refused with a status and a reason or handed over. One such
// server listens on the pod's loopback address, where only a port-forward arrives. Another one listens for the API
// server's proxy, where anybody in the cluster may knock, and one under TLS for laptops that reach this relay without it:
// places are counted by source, and nobody can fill the first.

import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import {
  createWaitingRoom,
  PROOF_HEADER,
  SESSION_HEADER,
  TUNNEL_PROTOCOL,
  type TunnelRefusal,
} from '../protocol/index.ts';
import { REFUSAL_STATUS, RelayError } from './errors.ts';
import { MAX_REQUEST_HEADER_BYTES, MAX_UNPROVEN_LAPTOPS, REQUEST_TIMEOUT_MS } from './limits.ts';
import type { ProofChecker } from './proofs.ts';
import { createWaitingRooms } from './waiting-rooms.ts';

export type TunnelTakers = Readonly<Record<string, (session: string, socket: Duplex) => void>>;

export type LaptopServerOptions = {
  readonly proofs: ProofChecker;
  /** By path: who gets the raw connection after the 101. */
  readonly tunnels: TunnelTakers;
  /** For logs and metrics. */
  readonly onRefused: (error: RelayError) => void;
  /** For a server that many can reach; port-forwards all come from the pod itself. */
  readonly maxUnprovenPerAddress?: number;
  /** For a server that speaks TLS; asked for each connection. */
  readonly tlsContext?: () => Promise<SecureContext>;
};

/** Not listening yet. */
export function createLaptopServer({
  proofs,
  tunnels,
  onRefused,
  maxUnprovenPerAddress = Number.POSITIVE_INFINITY,
  tlsContext,
}: LaptopServerOptions): Server {
  const unproven = createWaitingRoom<Socket>(MAX_UNPROVEN_LAPTOPS, (laptop) => laptop.destroy());
  const unprovenOf = createWaitingRooms<Socket>(maxUnprovenPerAddress, (laptop) => laptop.destroy());
  /** What gives a connection's place back, by its far end. */
  const places = new Map<string, () => void>();
  const server =
    tlsContext === undefined ? createServer(LIMITS) : createTlsServer({ ...LIMITS, ...withTls(tlsContext) });

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const farEnd = farEndOf(socket);
    unprovenOf.enter(address, socket);
    unproven.enter(socket);
    let isGivenBack = false;
    const giveBack = () => {
      if (isGivenBack) return;
      isGivenBack = true;
      unproven.leave(socket);
      unprovenOf.leave(address, socket);
      // A new connection from the same far end may be there before we hear of the end of this one.
      if (places.get(farEnd) === giveBack) places.delete(farEnd);
    };
    places.set(farEnd, giveBack);
    socket.on('close', giveBack);
  });
  server.on('request', (_request, response) => {
    const error = new RelayError('TUNNEL_REQUEST_INVALID');
    onRefused(error);
    response.writeHead(REFUSAL_STATUS[error.code], { connection: 'close', 'content-type': 'application/json' });
    response.end(refusalBody(error));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    checkRequest(request, { proofs, tunnels }).then(
      ({ session, take }) => {
        if (socket.destroyed) return;
        places.get(farEndOf(socket))?.();
        accept(socket, head);
        take(session, socket);
      },
      (error: unknown) => {
        const refusal =
          error instanceof RelayError ? error : new RelayError('RELAY_UNAVAILABLE', undefined, { cause: error });
        onRefused(refusal);
        refuse(socket, refusal);
      },
    );
  });
  return server;
}

const LIMITS = {
  maxHeaderSize: MAX_REQUEST_HEADER_BYTES,
  headersTimeout: REQUEST_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 2,
  keepAlive: true,
  noDelay: true,
};

/** Laptops name the relay they mean, so each of them is asked about. */
function withTls(context: () => Promise<SecureContext>): ServerOptions {
  return {
    minVersion: 'TLSv1.3',
    handshakeTimeout: REQUEST_TIMEOUT_MS,
    SNICallback(_name, done) {
      context().then(
        (found) => done(null, found),
        (error: Error) => done(error),
      );
    },
  };
}

/** The same for a TCP connection and TLS on it. */
function farEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

async function checkRequest(
  { url = '', headers }: IncomingMessage,
  { proofs, tunnels }: Pick<LaptopServerOptions, 'proofs' | 'tunnels'>,
) {
  const take = Object.hasOwn(tunnels, url) ? tunnels[url] : undefined;
  if (take === undefined || headers.upgrade !== TUNNEL_PROTOCOL) throw new RelayError('TUNNEL_REQUEST_INVALID');
  const claim = { session: String(headers[SESSION_HEADER] ?? ''), proof: String(headers[PROOF_HEADER] ?? '') };
  return { session: await proofs.check(claim), take };
}

function accept(socket: Socket, head: Buffer): void {
  socket.setTimeout(0);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${TUNNEL_PROTOCOL}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
}

function refuse(socket: Socket, error: RelayError): void {
  const status = REFUSAL_STATUS[error.code];
  const body = refusalBody(error);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function refusalBody({ code, message }: RelayError): string {
  return JSON.stringify({ code, message } satisfies TunnelRefusal);
}
