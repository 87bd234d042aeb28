// Opens a WebSocket to the API server (RFC 6455 section 4.1) and hands over the raw connection.

import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { TpError } from '../errors.ts';

/** How to reach the API server and be somebody there. Credentials may be short-lived, so they are asked for each time. */
export type ApiAccess = {
  readonly server: URL;
  httpsOptions(): Promise<RequestOptions>;
};

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_ANSWER_BYTES = 64 << 10;

/** The connection after the 101, possibly with bytes of the server already in it. Throws TpError, or the signal's reason. */
export async function openWebSocket(
  { server, httpsOptions }: ApiAccess,
  { path, protocol, signal }: { path: string; protocol: string; signal: AbortSignal },
): Promise<Duplex> {
  const key = randomBytes(16).toString('base64');
  const options = await httpsOptions();
  const answer = await exchange(new URL(server.pathname.replace(/\/$/, '') + path, server), {
    ...options,
    // A connection of its own: nothing else can use it afterwards.
    agent: options.agent ?? false,
    signal,
    headers: {
      ...options.headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': protocol,
    },
  });
  if ('status' in answer) throw fromRefusal(answer.status, answer.body);
  const { response, socket } = answer;
  const accepted = createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
  const { headers } = response;
  if (headers['sec-websocket-accept'] !== accepted || headers['sec-websocket-protocol'] !== protocol) {
    socket.destroy();
    throw new TpError('PORT_FORWARD_FAILED', `${server.host} answered with something that is no WebSocket of ours.`, {
      hint: 'A proxy between laptop and cluster may not know WebSockets: kubectl port-forward tells.',
    });
  }
  return socket;
}

type Upgraded = { response: IncomingMessage; socket: Duplex };
type Refused = { status: number; body: string };

function exchange(url: URL, options: RequestOptions): Promise<Upgraded | Refused> {
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded | Refused>();
  const request = url.protocol === 'http:' ? httpRequest(url, options) : httpsRequest(url, options);
  request.on('upgrade', (response, socket, head) => {
    socket.setNoDelay?.(true);
    if (head.length > 0) socket.unshift(head);
    resolve({ response, socket });
  });
  request.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text) => {
      if (body.length < MAX_ANSWER_BYTES) body += text;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    response.on('error', reject);
  });
  request.on('error', (cause) => {
    if (options.signal?.aborted) return reject(options.signal.reason);
    reject(
      new TpError('CLUSTER_UNREACHABLE', `The API server ${url.host} does not answer: ${cause.message}`, { cause }),
    );
  });
  request.end();
  return promise;
}

function fromRefusal(status: number, body: string): TpError {
  const message = statusMessage(body) || `HTTP status ${status}`;
  if (status === 401) return new TpError('UNAUTHORIZED', `The API server does not know you: ${message}`);
  if (status !== 403) return new TpError('PORT_FORWARD_FAILED', `The API server refused a port-forward: ${message}`);
  return new TpError('MISSING_RIGHT', `You may not open a port-forward to the relay: ${message}`, {
    hint: 'Needed are the verbs get and create on pods/portforward; the Role tp-user in the install namespace has them.',
  });
}

/** The message of a Kubernetes Status, else the text itself. */
function statusMessage(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    return body.trim().slice(0, 300); // a proxy's page or plain text
  }
}
