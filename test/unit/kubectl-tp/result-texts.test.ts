// What intercept and replace tell when they work.

import test from 'ava';
import type { Fallback } from '../../../control-plane/src/api/index.ts';
import { formatIntercept } from '../../../kubectl-tp/src/commands/intercept-text.ts';
import { formatReplace } from '../../../kubectl-tp/src/commands/replace-text.ts';
import type { InterceptResult } from '../../../kubectl-tp/src/ipc/intercept-messages.ts';

const resultOf = (fallback: Fallback): InterceptResult => ({
  namespace: 'shop',
  name: 'orders-80-1a2b3c',
  session: 'alice-laptop-1',
  target: 'orders',
  host: 'orders.shop:80',
  headers: [{ name: 'x-dev', value: "it's me" }],
  laptop: { port: 3000 },
  containerPort: 8080,
  agents: { ready: 2, total: 2 },
  capture: 'Name',
  fallback,
});

for (const fallback of ['Pod', 'Fail'] as const) {
  test(`fallback ${fallback}`, (t) => {
    const result = resultOf(fallback);
    t.snapshot(formatIntercept(result), 'intercept');
    t.snapshot(formatReplace({ intercepts: [result] }), 'replace');
    t.snapshot(formatReplace({ intercepts: [result] }, { held: true }), 'replace with a command');
  });
}
