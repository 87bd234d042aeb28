// A loop that waits for a ring or for a time.

import test from 'ava';
import { createWakeUp } from '../../../control-plane/src/wake-up.ts';

test('a wake-up that rings while the loop works is not lost; one without ringing comes in time', async (t) => {
  const { signal } = new AbortController();
  const wakeUp = createWakeUp(Date.now);
  wakeUp.ring();
  await wakeUp.wait(Number.POSITIVE_INFINITY, signal);
  const began = Date.now();
  await wakeUp.wait(began + 30, signal);
  t.true(Date.now() - began >= 29);
  const waiting = wakeUp.wait(Number.POSITIVE_INFINITY, signal);
  wakeUp.ring();
  await waiting;
  await wakeUp.wait(Number.POSITIVE_INFINITY, AbortSignal.abort());
  t.pass();
});
