// Waits that one of several may give up.

import test from 'ava';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';

test('what fails after its waiter has given up ends no process', async (t) => {
  for (const reason of [new Error('before'), new Error('in between')]) {
    const giveUp = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    if (reason.message === 'before') giveUp.abort(reason);
    const waiting = unlessAborted(promise, giveUp.signal);
    giveUp.abort(reason);
    t.is(await t.throwsAsync(waiting), reason);
    reject(new Error('too late'));
  }
  // An unhandled rejection would be told at the end of this turn, and fail the file.
  await new Promise(setImmediate);
});
