// The port where laptops open their tunnels: one HTTP/1.1 Upgrade each, refused with a status and a reason or handed over.
// It listens on the pod's loopback address, so that only who may port-forward to the pod gets here.

import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SESSION_HEADER, TUNNEL_PATH, TUNNEL_PROTOCOL, type TunnelRefusal } from '../protocol/index.ts';
import { REFUSAL_STATUS, RelayError } from './errors.ts';
import { MAX_REQUEST_HEADER_BYTES, MAX_UNPROVEN_LAPTOPS, REQUEST_TIMEOUT_MS } from './limits.ts';
import type { ProofChecker } from './proofs.ts';

/** Not listening yet. `onTunnel` gets the raw connection after the 101; `onRefused` is for logs and metrics. */
export function createLaptopServer({
  proofs,
  onTunnel,
  onRefused,
}: {
  proofs: ProofChecker;
  onTunnel: (session: string, socket: Duplex) => void;
  onRefused: (error: RelayError) => void;
}): Server {
  const unproven = new Set<Socket>();
  const server = createServer({
    maxHeaderSize: MAX_REQUEST_HEADER_BYTES,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 2,
    keepAlive: true,
    noDelay: true,
  });

  server.on('connection', (socket: Socket) => {
    if (unproven.size >= MAX_UNPROVEN_LAPTOPS) return void socket.destroy();
    unproven.add(socket);
    socket.on('close', () => unproven.delete(socket));
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
    checkRequest(request, proofs).then(
      (session) => {
        unproven.delete(socket);
        if (socket.destroyed) return;
        accept(socket, head);
        onTunnel(session, socket);
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

async function checkRequest(request: IncomingMessage, proofs: ProofChecker): Promise<string> {
  const { url, headers } = request;
  if (url !== TUNNEL_PATH || headers.upgrade !== TUNNEL_PROTOCOL) throw new RelayError('TUNNEL_REQUEST_INVALID');
  const session = headers[SESSION_HEADER];
  return proofs.check({ session: String(session ?? ''), authorization: headers.authorization });
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
