// What a program may count on whichever way its connection takes into the cluster.

import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';
import type { Dialer } from '../../kubectl-tp/src/outbound/dialer.ts';
import { startApp } from './loopback.ts';

const HOST = '127.0.0.1';
const never = new AbortController().signal;

export async function talksBothWays(t: ExecutionContext, dialer: Pick<Dialer, 'connect'>): Promise<void> {
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const stream = await dialer.connect({ host: HOST, port: app.port }, never);
  stream.end('hello');
  t.is(String(await buffer(stream)), 'hello');
}

/** A service that closes first loses nothing of 100 MB to a slow reader. */
export async function losesNothing(t: ExecutionContext, dialer: Pick<Dialer, 'connect'>): Promise<void> {
  const sent = randomBytes(100_000_000);
  const app = await startApp(t, (socket) => socket.end(sent));
  const stream = await dialer.connect({ host: HOST, port: app.port }, never);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += (chunk as Buffer).length;
    // A turn of the event loop for each chunk: far slower than the service.
    await new Promise(setImmediate);
  }
  t.is(bytes, sent.length);
  t.is(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'));
  stream.end();
}
