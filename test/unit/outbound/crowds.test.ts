// Many connections of one laptop, at once and one after another: what they leave behind, and whom they hold up. One test
// after another, as they count what the process holds.

import { once } from 'node:events';
import { getActiveResourcesInfo } from 'node:process';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import type { Outbound } from '../../../kubectl-tp/src/outbound/outbound.ts';
import { startApp } from '../../helpers/loopback.ts';
import { createOutboundRig } from '../../helpers/outbound-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const HOST = '127.0.0.1';
const AT_ONCE = 5000;
const ONE_AFTER_ANOTHER = 10_000;
const PARALLEL = 50;
/** A connection that left something behind would leave a stream and a socket at least, which are several kilobytes. */
const GROWTH_BYTES = ONE_AFTER_ANOTHER * 256;
const ATTEMPTS = 3;
const never = new AbortController().signal;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function talk(outbound: Outbound, port: number, word: string): Promise<string> {
  const stream = await outbound.connect({ host: HOST, port }, never);
  stream.end(word);
  return String(await buffer(stream));
}

test.serial('5,000 connections open at once all talk, and leave nothing behind', async (t) => {
  const { outbound } = await createOutboundRig(t);
  let open = 0;
  const app = await startApp(t, (socket) => {
    open += 1;
    socket.on('close', () => {
      open -= 1;
    });
    socket.pipe(socket);
  });
  const words = Array.from({ length: AT_ONCE }, (_, index) => `word ${index}`);
  const streams = await Promise.all(
    words.map(async (word) => {
      const stream = await outbound.connect({ host: HOST, port: app.port }, never);
      stream.write(word);
      t.is(String((await once(stream, 'data'))[0]), word);
      return stream;
    }),
  );
  t.is(open, AT_ONCE);
  for (const stream of streams) stream.end();
  await waitFor('all are closed', () => open === 0);
});

/** What the event loop knows of: sockets, timers, listeners. */
const countResources = () => getActiveResourcesInfo().length;

function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
}

test.serial('10,000 connections, ended, given up and refused: none leaves anything behind', async (t) => {
  const { outbound } = await createOutboundRig(t, {
    mayDial: async (_session, address) => ({ allowed: address === HOST, reason: 'not there', address }),
  });
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const kinds: ((index: number) => Promise<unknown>)[] = [
    async (index) => t.is(await talk(outbound, app.port, `word ${index}`), `word ${index}`),
    async () => {
      const stream = await outbound.connect({ host: HOST, port: app.port }, never);
      stream.write('and gone');
      stream.destroy();
    },
    () => t.throwsAsync(outbound.connect({ host: '10.0.0.1', port: 80 }, never), { message: 'not there' }),
    async () => {
      const giveUp = new AbortController();
      const attempt = outbound.connect({ host: HOST, port: app.port }, giveUp.signal);
      giveUp.abort(new Error('given up'));
      await t.throwsAsync(attempt, { message: 'given up' });
    },
  ];
  const run = async (count: number) => {
    let left = count;
    const one = async () => {
      for (; left > 0; ) {
        left -= 1;
        await kinds[left % kinds.length]?.(left);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, one));
    await waitFor('the rig is as it was', () => countResources() <= before);
  };
  const before = countResources();
  // What is loaded, compiled and kept for the next connection is there after the first ones.
  await run(ONE_AFTER_ANOTHER / 10);
  let grown = Number.POSITIVE_INFINITY;
  // What V8 has made beside it meanwhile it makes once; what connections leave behind, each time.
  for (let attempt = 0; attempt < ATTEMPTS && grown >= GROWTH_BYTES; attempt++) {
    const bytes = heldBytes();
    await run(ONE_AFTER_ANOTHER);
    grown = heldBytes() - bytes;
  }
  t.true(grown < GROWTH_BYTES, `${grown} bytes more`);
});

test.serial('readers that stall hold up nobody', async (t) => {
  const { outbound } = await createOutboundRig(t);
  const piece = Buffer.alloc(1 << 20);
  const flood = await startApp(t, (socket) => {
    const pour = () => {
      while (socket.write(piece));
    };
    socket.on('drain', pour);
    pour();
  });
  const app = await startApp(t, (socket) => socket.pipe(socket));
  const stalled: Duplex[] = [];
  for (let count = 0; count < 20; count += 1) {
    stalled.push(await outbound.connect({ host: HOST, port: flood.port }, never));
  }
  await waitFor('they are full', () => stalled.every((stream) => stream.readableLength > 0));
  const words = Array.from({ length: 1000 }, (_, index) => `word ${index}`);
  t.deepEqual(await Promise.all(words.map((word) => talk(outbound, app.port, word))), words);
  const long = 'x'.repeat(20_000_000);
  t.is(await talk(outbound, app.port, long), long);
  t.true(stalled.every(({ destroyed }) => !destroyed));
  for (const stream of stalled) stream.destroy();
});
