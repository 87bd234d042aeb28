// The headers that agents refuse are a part of those that nobody can ask for.

import test from 'ava';
import { whyNotMatchable } from '../../../control-plane/src/match/index.ts';
import { validateIntercept } from '../../../xds/src/ir/validate.ts';

function isRefusedByAgents(name: string): boolean {
  const route = {
    id: 'shop/orders-1',
    session: 'ann-1',
    serverName: 'orders-1.shop.ann-1.tp',
    headers: [{ name, value: 'me' }],
    fallback: 'pod',
  } as unknown as Parameters<typeof validateIntercept>[0];
  return validateIntercept(route, new Set(['ann-1'])).some(({ message }) => message.includes("can't be matched"));
}

for (const name of ['x-tp-anything', 'x-forwarded-proto']) {
  test(name, (t) => {
    t.true(isRefusedByAgents(name));
    t.truthy(whyNotMatchable(name));
  });
}
test('x-dev', (t) => {
  t.false(isRefusedByAgents('x-dev'));
  t.is(whyNotMatchable('x-dev'), undefined);
});
