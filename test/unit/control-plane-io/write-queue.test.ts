// Writes to the API server: each wish once, the newest, and again when it fails.

import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { KubernetesError } from '../../../control-plane/src/kubernetes/index.ts';
import { createWriteQueue } from '../../../control-plane/src/kubernetes/write-queue.ts';
import { waitFor } from '../../helpers/wait-for.ts';

function queue() {
  const stop = new AbortController();
  const troubles: string[] = [];
  const sent: string[] = [];
  const writes = createWriteQueue({ signal: stop.signal, onTrouble: (key) => troubles.push(key) });
  const write = (key: string, fingerprint: string, act: () => Promise<void> = async () => undefined) => ({
    key,
    fingerprint,
    send: async () => {
      sent.push(`${key}=${fingerprint}`);
      await act();
    },
  });
  return { writes, write, sent, troubles, stop };
}

test('an equal wish is written once, another content again, and what is no longer wished is forgotten', async (t) => {
  const { writes, write, sent } = queue();
  for (let round = 0; round < 3; round += 1) {
    writes.want([write('a', '1')]);
    await nextTurn();
  }
  t.deepEqual(sent, ['a=1']);
  writes.want([write('a', '2')]);
  await nextTurn();
  writes.want([]);
  writes.want([write('a', '2')]);
  await nextTurn();
  t.deepEqual(sent, ['a=1', 'a=2', 'a=2']);
});

test('what is given up while it is under way is forgotten when it ends', async (t) => {
  const { writes, write, sent } = queue();
  const gate = Promise.withResolvers<void>();
  writes.want([write('a', '1', () => gate.promise)]);
  writes.want([]);
  gate.resolve();
  await nextTurn();
  writes.want([write('a', '1')]);
  await nextTurn();
  t.deepEqual(sent, ['a=1', 'a=1']);
});

test('while a write is under way only the newest wish waits', async (t) => {
  const { writes, write, sent } = queue();
  const gate = Promise.withResolvers<void>();
  writes.want([write('a', '1', () => gate.promise)]);
  writes.want([write('a', '2')]);
  writes.want([write('a', '3')]);
  gate.resolve();
  await waitFor('the newest', () => sent.length === 2);
  t.deepEqual(sent, ['a=1', 'a=3']);
});

test('a failed write is tried again; one whose object is gone is not', async (t) => {
  const { writes, write, sent, troubles } = queue();
  let failures = 1;
  const flaky = async () => {
    failures -= 1;
    if (failures >= 0) throw new KubernetesError('KUBERNETES_UNREACHABLE', 'away');
  };
  const gone = async () => {
    throw new KubernetesError('KUBERNETES_REFUSED', 'gone', { status: 404 });
  };
  writes.want([write('a', '1', flaky), write('b', '1', gone)]);
  await waitFor('the second attempt', () => sent.filter((each) => each === 'a=1').length === 2);
  t.deepEqual(troubles, ['a']);
  t.is(sent.filter((each) => each === 'b=1').length, 1);
});

test('why a write failed is known until it succeeds or nobody wishes for it', async (t) => {
  const { writes, write, sent } = queue();
  const refusal = new KubernetesError('KUBERNETES_REFUSED', 'not you', { status: 403 });
  let isRefused = true;
  const guarded = async () => {
    if (isRefused) throw refusal;
  };
  writes.want([write('a', '1', guarded), write('b', '1', guarded)]);
  t.is(writes.failureOf('a'), undefined);
  t.is(await waitFor('the refusal', () => writes.failureOf('a')), refusal);
  isRefused = false;
  writes.want([write('a', '1', guarded)]);
  await waitFor('the success', () => writes.failureOf('a') === undefined);
  await waitFor('the other one to be forgotten', () => writes.failureOf('b') === undefined);
  t.is(sent.filter((each) => each === 'b=1').length, 1);
});

test('one slow object does not hold up the others, and no more than eight are written at once', async (t) => {
  const { writes, write, sent } = queue();
  const gate = Promise.withResolvers<void>();
  const names = [...Array(20).keys()].map(String);
  writes.want(names.map((name) => write(name, '1', () => (name === '0' ? gate.promise : nextTurn()))));
  t.is(sent.length, 8);
  await waitFor('all others', () => sent.length === 20);
  gate.resolve();
  t.pass();
});
