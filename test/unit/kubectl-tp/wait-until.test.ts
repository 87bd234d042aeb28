// Waiting: what is told, how long a cause is borne, how it ends.

import test from 'ava';
import { TpError } from '../../../kubectl-tp/src/errors.ts';
import type { Cause } from '../../../kubectl-tp/src/kubernetes/why-not-ready.ts';
import { createBell } from '../../../kubectl-tp/src/waiting/bell.ts';
import { type Waiting, waitUntil } from '../../../kubectl-tp/src/waiting/wait-until.ts';

const CAUSE: Cause = { code: 'IMAGE_PULL', message: 'no such image', hint: 'look', graceMs: 0 };

type Wish = { looks: readonly (Waiting | undefined)[]; timeoutMs?: number; signal?: AbortSignal };

/** Each look gives the next of `looks`, the last one for ever; the bell rings after each. */
async function run({ looks, timeoutMs = 10_000, signal = new AbortController().signal }: Wish): Promise<string[]> {
  const bell = createBell();
  const said: string[] = [];
  let at = 0;
  await waitUntil({
    look() {
      setImmediate(bell.ring);
      return looks[Math.min(at++, looks.length - 1)];
    },
    bell,
    timeoutMs,
    timedOut: (last) => new TpError('WAIT_TIMEOUT', last),
    signal,
    progress: (text) => said.push(text),
  });
  return said;
}

test('each step is told once', async (t) => {
  const [a, b] = [{ step: 'a' }, { step: 'b' }];
  t.deepEqual(await run({ looks: [a, a, b, b, undefined] }), ['a', 'b']);
});

test('a cause without grace ends the wait at once', async (t) => {
  const error = await t.throwsAsync(run({ looks: [{ step: 'a', cause: CAUSE }] }));
  t.like(error, { code: 'IMAGE_PULL', message: 'no such image', hint: 'look' });
});

test('a cause that passes within its grace is forgotten', async (t) => {
  const cause = { ...CAUSE, graceMs: 60_000 };
  t.deepEqual(await run({ looks: [{ step: 'a', cause }, { step: 'a' }, undefined] }), ['a']);
});

test('a cause that outlasts its grace ends the wait, whatever else changes', async (t) => {
  const cause = { ...CAUSE, graceMs: 30 };
  const looks = [
    { step: 'a', cause },
    { step: 'b', cause: { ...cause, message: 'still' } },
  ];
  t.like(await t.throwsAsync(run({ looks })), { code: 'IMAGE_PULL', message: 'still' });
});

test('the end of the time says what was waited for', async (t) => {
  t.like(await t.throwsAsync(run({ looks: [{ step: 'a' }], timeoutMs: 20 })), { code: 'WAIT_TIMEOUT', message: 'a' });
});

test('aborting ends it', async (t) => {
  const controller = new AbortController();
  controller.abort(new Error('stop'));
  await t.throwsAsync(run({ looks: [{ step: 'a' }], signal: controller.signal }), { message: 'stop' });
});
