// Programs and servers on both sides of a proxy, on the machine's own network.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { DialFailure } from '../../kubectl-tp/src/outbound/dialer.ts';
import { createProxy, type ProxyOptions } from '../../kubectl-tp/src/proxy/proxy.ts';
import { listen } from './loopback.ts';
import { createTestDialer } from './test-dialer.ts';

const run = promisify(execFile);
/** Of `/big`. */
export const BODY = 'x'.repeat(3 << 20);
const FAILURES: Record<string, DialFailure> = {
  '192.0.2.1': 'unreachable',
  '192.0.2.2': 'timeout',
  '192.0.2.3': 'denied',
  '192.0.2.4': 'lost',
  '192.0.2.5': 'refused',
};
const NAMES: Record<string, string[]> = {
  'web.shop': ['127.0.0.1'],
  v6: ['::1'],
  'second.works': ['192.0.2.5', '127.0.0.1'],
  localhost: ['127.0.0.1'],
};

export async function startProxy(t: ExecutionContext, options: Partial<ProxyOptions> = {}) {
  const dialer = createTestDialer({ failures: FAILURES });
  const lookup = async (name: string) => {
    if (name === 'broken') throw new Error('cannot resolve broken: no resolver');
    return NAMES[name] ?? (/^[\d.:]+$/.test(name) ? [name] : []);
  };
  const proxy = await createProxy({ dialer, lookup, ...options });
  t.teardown(() => proxy.close());
  const { host, port } = proxy.address;
  return { ...proxy, at: `${host}:${port}`, dialer };
}

/** Tells what it was asked; `/big` is large, `/upload` counts, `/broken` breaks off. */
export async function startWeb(t: ExecutionContext, host?: string): Promise<number> {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    if (request.url === '/big') return void response.end(BODY);
    if (request.url === '/broken') {
      response.write('half');
      return void setImmediate(() => response.destroy());
    }
    response.setHeader('X-Answer', 'yes');
    response.end(JSON.stringify({ method: request.method, url: request.url, bytes: body.length, ...request.headers }));
  };
  return listen(t, createHttpServer(answer), host);
}

export async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run('curl', ['-q', '-sS', '--max-time', '20', ...args], { maxBuffer: 16 << 20 });
  return stdout;
}

/** Opens a connection and says this; the answer so far comes with each `data`. */
export async function say(t: ExecutionContext, port: number, ...said: (string | Buffer)[]): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  for (const part of said) socket.write(part);
  return socket;
}

export const answerOf = async (socket: Socket): Promise<Buffer> => (await once(socket, 'data'))[0];
export const named = (command: number, name: string, port: number) =>
  Buffer.from([5, command, 0, 3, name.length, ...Buffer.from(name), port >> 8, port & 255]);
export const GREETING = Buffer.from([5, 1, 0]);
