// What agents have shown, for as long as it says something.

import test from 'ava';
import { createAgentBook, PROBE_FRESH_MS } from '../../../kubectl-tp/src/session/intercepts/agent-book.ts';

test('pods that have been silent for long are forgotten', (t) => {
  const book = createAgentBook();
  const intercept = { namespace: 'shop', name: 'orders-1' };
  book.recordProbe({ namespace: 'shop', intercept: 'orders-1', pod: 'gone' }, 0);
  book.recordProbe({ namespace: 'shop', intercept: 'orders-1', pod: 'here' }, 3 * PROBE_FRESH_MS);
  t.deepEqual(book.probeAges(intercept, PROBE_FRESH_MS * 3 + 1), new Map([['here', 1]]));
});
