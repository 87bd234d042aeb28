// The Intercept object: its name follows from what it claims.

import test from 'ava';
import fc from 'fast-check';
import type { InterceptRequest } from '../../../kubectl-tp/src/ipc/intercept-messages.ts';
import type { Target } from '../../../kubectl-tp/src/kubernetes/target.ts';
import { buildIntercept, buildUpdate, isSameWish } from '../../../kubectl-tp/src/session/intercepts/build-intercept.ts';

const TARGET: Target = {
  kind: 'Service',
  name: 'orders',
  selector: 'app=orders',
  hasPod: () => true,
  endpoints: [],
  port: '80',
  portIn: () => 8080,
  host: 'orders.shop:80',
};
const REQUEST: InterceptRequest = {
  namespace: 'shop',
  target: { kind: 'Service', name: 'orders' },
  headers: [{ name: 'x-dev', value: 'me' }],
  fallback: 'Pod',
  timeoutMs: 1000,
  hold: false,
  environment: false,
  loaderVariables: false,
};
const WISH = { request: REQUEST, target: TARGET, laptopPort: 8080, session: 'ann-1', nowMs: 0 };

test('the same claim has the same name, and another laptop port or fallback changes only what may change', (t) => {
  const first = buildIntercept(WISH);
  const second = buildIntercept({
    ...WISH,
    laptopPort: 9090,
    request: { ...REQUEST, fallback: 'Fail', ttlMs: 60_000 },
  });
  t.is(first.metadata.name, second.metadata.name);
  t.false(isSameWish(first, second));
  t.true(isSameWish(first, buildIntercept(WISH)));
  t.deepEqual(buildUpdate(second), {
    spec: { laptop: { port: 9090 }, fallback: 'Fail', expiresAt: '1970-01-01T00:01:00.000Z' },
  });
  t.deepEqual(buildUpdate(first), { spec: { laptop: { port: 8080 }, fallback: 'Pod', expiresAt: null } });
});

test('another claim has another name', (t) => {
  const names = [
    WISH,
    { ...WISH, session: 'bob-1' },
    { ...WISH, target: { ...TARGET, port: '81' } },
    { ...WISH, target: { ...TARGET, kind: 'Deployment' as const } },
    { ...WISH, request: { ...REQUEST, headers: [] } },
    { ...WISH, request: { ...REQUEST, headers: [{ name: 'x-dev', value: 'you' }] } },
  ].map((wish) => buildIntercept(wish).metadata.name);
  t.is(new Set(names).size, names.length);
});

test('every name is a label of a DNS name', (t) => {
  const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,100}[a-z0-9])?$/);
  fc.assert(
    fc.property(name, (target) => {
      const built = buildIntercept({ ...WISH, target: { ...TARGET, name: target } }).metadata.name;
      return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(built);
    }),
  );
  t.pass();
});
