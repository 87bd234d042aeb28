// A flow of datagrams, seen from the laptop: its end.

import { duplexPair } from 'node:stream';
import test from 'ava';
import { openDatagrams } from '../../../kubectl-tp/src/outbound/datagrams.ts';
import type { DialFailure } from '../../../kubectl-tp/src/outbound/dialer.ts';

test('a flow that the relay ends is over for the laptop, too', async (t) => {
  const [laptop, relay] = duplexPair();
  const closed = Promise.withResolvers<DialFailure>();
  openDatagrams(async () => laptop, { onMessage: () => t.fail(), onClose: closed.resolve });
  relay.end();
  t.is(await closed.promise, 'lost');
  t.true(laptop.destroyed);
});
