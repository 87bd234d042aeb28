// Asks the API server to hand over a connection (HTTP/1.1 Upgrade), whatever is to be spoken on it then.

import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TpError } from '../errors.ts';

/** How to reach the API server and be somebody there. Credentials may be short-lived, so they are asked for each time. */
export type ApiAccess = {
  readonly server: URL;
  httpsOptions(): Promise<RequestOptions>;
  /** As KubeAccess has it. */
  renew?(beganMs: number): boolean;
};

/** `path` begins behind the server's own, as kubeconfigs may name one. `headers` say which protocol is wanted. */
export type UpgradeRequest = {
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly signal: AbortSignal;
};

export type Upgraded = { response: IncomingMessage; socket: Duplex };
export type Refused = { status: number; body: string };

const MAX_ANSWER_BYTES = 64 << 10;
/**
 * A first packet that is lost comes again after 1, 3, 7 seconds: in a network that has just come back, a new attempt
 * is sooner. No way that one would use takes longer.
 */
const CONNECT_TIMEOUT_MS = 3000;

/** Throws TpError CLUSTER_UNREACHABLE, or the signal's reason. The signal counts until this resolves. */
export async function askForUpgrade(access: ApiAccess, request: UpgradeRequest): Promise<Upgraded | Refused> {
  const beganMs = Date.now();
  const answer = await askOnce(access, request);
  const mayAskAgain = 'status' in answer && answer.status === 401 && access.renew?.(beganMs);
  return mayAskAgain ? askOnce(access, request) : answer;
}

async function askOnce(
  { server, httpsOptions }: ApiAccess,
  { path, headers, signal }: UpgradeRequest,
): Promise<Upgraded | Refused> {
  const options = await httpsOptions();
  return exchange(new URL(server.pathname.replace(/\/$/, '') + path, server), {
    ...options,
    // A connection of its own: nothing else can use it afterwards.
    agent: options.agent ?? false,
    signal,
    headers: { ...options.headers, ...headers, connection: 'Upgrade' },
  });
}

function exchange(url: URL, options: RequestOptions): Promise<Upgraded | Refused> {
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded | Refused>();
  const request = url.protocol === 'http:' ? httpRequest(url, options) : httpsRequest(url, options);
  request.once('socket', (socket) => limitConnecting(socket, isIP(url.hostname.replace(/[[\]]/g, '')) === 0));
  request.on('upgrade', (response, socket, head) => {
    socket.setNoDelay?.(true);
    // Whoever uses it hears of its end; one that nobody uses yet, or any more, must not end the process.
    socket.on('error', () => undefined);
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

/** From where the address is known: a resolver may take its time. */
function limitConnecting(socket: Socket, hasName: boolean): void {
  if (!socket.connecting) return;
  let limit: NodeJS.Timeout | undefined;
  const start = () => {
    const error = new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`);
    limit ??= setTimeout(() => socket.destroy(error), CONNECT_TIMEOUT_MS);
  };
  if (hasName) socket.once('lookup', start);
  else start();
  const stop = () => clearTimeout(limit);
  socket.once('connect', stop).once('close', stop);
}

/** The message of a Kubernetes Status, else the text itself. */
export function statusMessage(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    return body.trim().slice(0, 300); // a proxy's page or plain text
  }
}
