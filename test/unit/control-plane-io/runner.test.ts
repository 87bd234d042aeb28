// The long-running parts of a process end together.

import test from 'ava';
import { runAll } from '../../../control-plane/src/runner.ts';

test('runners end together: by the signal, or when one fails', async (t) => {
  const ended: string[] = [];
  const patient = (name: string) => ({
    name,
    run: (signal: AbortSignal) =>
      new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => {
          ended.push(name);
          resolve();
        }),
      ),
  });
  const stop = new AbortController();
  const all = runAll([patient('a'), patient('b')], stop.signal);
  stop.abort();
  await all;
  t.deepEqual(ended, ['a', 'b']);
  const broken = { name: 'c', run: () => Promise.reject(new Error('broken')) };
  await t.throwsAsync(runAll([patient('d'), broken], new AbortController().signal), { message: 'broken' });
  t.deepEqual(ended, ['a', 'b', 'd']);
  const lazy = { name: 'e', run: async () => undefined };
  await t.throwsAsync(runAll([lazy], new AbortController().signal), { message: 'e ended by itself' });
});
