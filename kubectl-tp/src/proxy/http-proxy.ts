// The HTTP side of the proxy (RFC 9110, 3.7): CONNECT tunnels, and requests with a whole http:// address passed on.

import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { resetSocket, splice } from '@kubectl-tp/control-plane/protocol';
import { DialError, type DialFailure } from '../outbound/dialer.ts';
import { type Credentials, isLetIn, parseBasic } from './credentials.ts';
import { type Destination, dialFor, type Way } from './dial-by-name.ts';
import { forwardRequest } from './forward-request.ts';

const STATUS_OF_FAILURE: Readonly<Record<DialFailure, number>> = {
  refused: 502,
  unreachable: 502,
  timeout: 504,
  denied: 403,
  lost: 503,
};

const PLAIN = { 'content-type': 'text/plain' };
type Refusal = { readonly status: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> };
const NO_AUTHORITY: Refusal = { status: 400, text: 'CONNECT needs a host and a port, such as web.shop:80\n' };
/** RFC 9110, 11.7: what a program without the password is told. */
const LOGIN: Refusal = {
  status: 407,
  headers: { 'proxy-authenticate': 'Basic realm="kubectl tp"' },
  text: 'This proxy needs a password; kubectl tp connect gives it to its command by http_proxy and all_proxy.\n',
};

export type HttpProxyOptions = {
  readonly way: Way;
  readonly credentials: Credentials | undefined;
  /** Called with each request of a program that may use the proxy. */
  readonly onRequest: (program: Socket) => void;
};

/** Is given its connections by 'connection' events. */
export function createHttpProxy({ way, credentials, onRequest }: HttpProxyOptions): Server {
  const mayUse = ({ headers }: IncomingMessage) => isLetIn(credentials, parseBasic(headers['proxy-authorization']));
  // Uploads may take as long as they like.
  const server = createServer({ requestTimeout: 0 }, async (request, response) => {
    if (!mayUse(request)) return void response.writeHead(LOGIN.status, { ...PLAIN, ...LOGIN.headers }).end(LOGIN.text);
    onRequest(request.socket);
    const url = parseAddress(request.url ?? '');
    if (url === undefined) {
      response.writeHead(400, PLAIN);
      return void response.end('This is a proxy: ask it for a whole address such as http://web.shop/\n');
    }
    try {
      const stream = await dialFor(response, way, destinationOf(url));
      forwardRequest(request, response, { url, stream });
    } catch (error) {
      const { status, text } = describeFailure(error, url.host);
      response.writeHead(status, PLAIN).end(text);
    }
  });

  server.on('connect', async (request, program: Socket, head: Buffer) => {
    if (!mayUse(request)) return refuse(program, LOGIN);
    onRequest(program);
    const to = parseAuthority(request.url ?? '');
    if (to === undefined) return refuse(program, NO_AUTHORITY);
    try {
      program.unshift(head);
      const stream = await dialFor(program, way, to);
      program.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      splice({ stream: program, reset: () => resetSocket(program) }, { stream, reset: () => stream.destroy() });
    } catch (error) {
      refuse(program, describeFailure(error, request.url ?? ''));
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

function describeFailure(error: unknown, to: string): Refusal {
  const reason = error instanceof Error ? error.message : String(error);
  const status = error instanceof DialError ? STATUS_OF_FAILURE[error.failure] : 502;
  return { status, text: `kubectl tp cannot connect to ${to}: ${reason}\n` };
}

function refuse(program: Socket, { status, text, headers }: Refusal): void {
  const all = { ...PLAIN, ...headers, connection: 'close', 'content-length': Buffer.byteLength(text) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  program.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`);
  program.resume();
}
