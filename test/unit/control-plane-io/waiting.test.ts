import { getEventListeners } from 'node:events';
import test from 'ava';
import { aborted, waitFor } from '../../../control-plane/src/waiting/index.ts';

const LONG_MS = 60_000;

test('a signal that was aborted before ends both waits at once', async (t) => {
  const signal = AbortSignal.abort();
  await waitFor(LONG_MS, signal);
  await aborted(signal);
  t.pass();
});

test('a signal that is aborted ends both waits', async (t) => {
  const stop = new AbortController();
  const waits = Promise.all([waitFor(LONG_MS, stop.signal), aborted(stop.signal)]);
  stop.abort();
  await waits;
  t.pass();
});

test('a wait that is over leaves nothing at a signal that lives on', async (t) => {
  const { signal } = new AbortController();
  await waitFor(1, signal);
  t.is(getEventListeners(signal, 'abort').length, 0);
});
