// Who waits for work that others wait for, too.

import test from 'ava';
import { shareWork } from '../../../kubectl-tp/src/waiting/share-work.ts';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';

const { signal: always } = new AbortController();

/** Work that lasts until its nth run is told its result. */
function createScene() {
  const runs: { readonly signal: AbortSignal; readonly end: (result: string) => void }[] = [];
  const ask = shareWork((signal) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    runs.push({ signal, end: resolve });
    return unlessAborted(promise, signal);
  });
  return { runs, ask };
}

test('those who ask at once share it, who asks later has it done anew', async (t) => {
  const { runs, ask } = createScene();
  const both = Promise.all([ask(always), ask(always)]);
  runs[0]?.end('first');
  t.deepEqual(await both, ['first', 'first']);
  const later = ask(always);
  runs[1]?.end('second');
  t.is(await later, 'second');
  t.is(runs.length, 2);
});

test('who gives up leaves the others waiting; with the last one the work ends', async (t) => {
  const { runs, ask } = createScene();
  const [first, second] = [new AbortController(), new AbortController()];
  const gaveUp = [first, second].map(({ signal }, at) => t.throwsAsync(ask(signal), { message: `${at}` }));
  first.abort(new Error('0'));
  await gaveUp[0];
  t.false(runs[0]?.signal.aborted);
  second.abort(new Error('1'));
  await gaveUp[1];
  t.true(runs[0]?.signal.aborted);
  const next = ask(always);
  runs[1]?.end('anew');
  t.is(await next, 'anew');
});

test('who has given up before asks for nothing', async (t) => {
  const { runs, ask } = createScene();
  await t.throwsAsync(ask(AbortSignal.abort(new Error('before'))), { message: 'before' });
  t.is(runs.length, 0);
});
