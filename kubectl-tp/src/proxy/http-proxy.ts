// The HTTP side of the proxy (RFC 9110, 3.7): CONNECT tunnels, and requests with a whole http:// address passed on.

import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { resetSocket, splice } from '@kubectl-tp/control-plane/protocol';
import { DialError, type DialFailure } from '../outbound/dialer.ts';
import { type Destination, dialFor, type Way } from './dial-by-name.ts';
import { forwardRequest } from './forward-request.ts';

const STATUS_OF_FAILURE: Readonly<Record<DialFailure, number>> = {
  refused: 502,
  unreachable: 502,
  timeout: 504,
  denied: 403,
  lost: 503,
};

/** Is given its connections by 'connection' events. `onRequest` is called for each connection with its first request. */
export function createHttpProxy(way: Way, onRequest: (program: Socket) => void): Server {
  // Uploads may take as long as they like.
  const server = createServer({ requestTimeout: 0 }, async (request, response) => {
    onRequest(request.socket);
    const url = parseAddress(request.url ?? '');
    if (url === undefined) {
      response.writeHead(400, { 'content-type': 'text/plain' });
      return void response.end('This is a proxy: ask it for a whole address such as http://web.shop/\n');
    }
    try {
      const stream = await dialFor(response, way, destinationOf(url));
      forwardRequest(request, response, { url, stream });
    } catch (error) {
      const { status, text } = describeFailure(error, url.host);
      response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
    }
  });

  server.on('connect', async (request, program: Socket, head: Buffer) => {
    onRequest(program);
    const to = parseAuthority(request.url ?? '');
    if (to === undefined) return refuse(program, 400, 'CONNECT needs a host and a port, such as web.shop:80\n');
    try {
      program.unshift(head);
      const stream = await dialFor(program, way, to);
      program.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      splice({ stream: program, reset: () => resetSocket(program) }, { stream, reset: () => stream.destroy() });
    } catch (error) {
      const { status, text } = describeFailure(error, request.url ?? '');
      refuse(program, status, text);
    }
  });
  return server;
}

function parseAddress(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' && url.hostname !== '' ? url : undefined;
}

function parseAuthority(text: string): Destination | undefined {
  const [, v6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  return host === undefined || Number(port) > 0xffff ? undefined : { host, port: Number(port) };
}

function destinationOf({ hostname, port }: URL): Destination {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) };
}

function describeFailure(error: unknown, to: string): { status: number; text: string } {
  const reason = error instanceof Error ? error.message : String(error);
  const status = error instanceof DialError ? STATUS_OF_FAILURE[error.failure] : 502;
  return { status, text: `kubectl tp cannot connect to ${to}: ${reason}\n` };
}

function refuse(program: Socket, status: number, text: string): void {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain\r\nconnection: close`;
  program.end(`${head}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  program.resume();
}
