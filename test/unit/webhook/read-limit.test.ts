// However many reviews come, the API server is asked a few questions at a time, and nobody waits for ever.

import test from 'ava';
import { createReadLimit } from '../../../webhook/src/cluster/read-limit.ts';

/** Reads that end when the test says so. */
function createReads() {
  const ends: (() => void)[] = [];
  return {
    read: () => new Promise<string>((resolve) => ends.push(() => resolve('read'))),
    begun: () => ends.length,
    endFirst: () => ends.shift()?.(),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a few run, the next wait for a place, and more are refused', async (t) => {
  const reads = createReads();
  const limit = createReadLimit({ maxRunning: 2, maxWaiting: 1, timeoutMs: 5000 });
  const answers = [limit(reads.read), limit(reads.read), limit(reads.read)];
  await settled();
  t.is(reads.begun(), 2);
  await t.throwsAsync(limit(reads.read), { code: 'READS_EXHAUSTED' });
  reads.endFirst();
  await settled();
  t.is(reads.begun(), 2);
  reads.endFirst();
  reads.endFirst();
  t.deepEqual(await Promise.all(answers), ['read', 'read', 'read']);
});

test('a read that fails leaves its place to the next', async (t) => {
  const limit = createReadLimit({ maxRunning: 1, maxWaiting: 1, timeoutMs: 5000 });
  const failed = limit(async () => Promise.reject(new Error('no answer')));
  const next = limit(async () => 'read');
  await t.throwsAsync(failed, { message: 'no answer' });
  t.is(await next, 'read');
  t.is(await limit(async () => 'read'), 'read');
});

test('waiting counts as time, and who gives up leaves the queue', async (t) => {
  const reads = createReads();
  const limit = createReadLimit({ maxRunning: 1, maxWaiting: 1, timeoutMs: 20 });
  const first = limit(reads.read);
  await t.throwsAsync(limit(reads.read), { name: 'TimeoutError' });
  const third = limit(reads.read);
  reads.endFirst();
  await settled();
  reads.endFirst();
  t.deepEqual(await Promise.all([first, third]), ['read', 'read']);
});
