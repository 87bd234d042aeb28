// The beginning of a stream of the outbound tunnel, seen from the laptop.

import { duplexPair } from 'node:stream';
import test from 'ava';
import { requestDial } from '../../../kubectl-tp/src/outbound/request-dial.ts';

test('nobody is asked for a connection that its program has given up already', async (t) => {
  const [laptop, relay] = duplexPair();
  relay.on('data', () => t.fail());
  const signal = AbortSignal.abort(new Error('the program gave up'));
  const dial = requestDial(laptop, { kind: 'tcp', host: '10.0.0.1', port: 80 }, signal);
  await t.throwsAsync(dial, { message: 'the program gave up' });
  t.true(laptop.destroyed);
});
