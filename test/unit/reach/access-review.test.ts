// Rights are asked of the API server, over real TLS, and remembered.

import { json } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { createAccessReviewer } from '../../../control-plane/src/kubernetes/access-review.ts';
import { createKubernetesClient } from '../../../control-plane/src/kubernetes/index.ts';
import { answer, type FakeApi, refuse, startFakeApi } from '../../helpers/fake-api.ts';

const ALICE = { user: 'alice', groups: ['developers'] };
const MINUTE_MS = 60_000;

type Review = { spec: { user: string; groups: string[]; resourceAttributes: { namespace: string } } };

async function start(t: ExecutionContext, rights: (namespace: string) => object) {
  const api = await startFakeApi();
  t.teardown(() => api.close());
  const asked: Review['spec'][] = [];
  api.intercept = async (request, response, path) => {
    if (path !== '/apis/authorization.k8s.io/v1/subjectaccessreviews') return false;
    const { spec } = (await json(request)) as Review;
    asked.push(spec);
    answer(response, 201, { status: rights(spec.resourceAttributes.namespace) });
    return true;
  };
  const clock = { ms: 0 };
  const client = createKubernetesClient(api.kubeConfig);
  const { mayGetServices } = createAccessReviewer({ client, now: () => clock.ms });
  const namespaces = () => asked.map(({ resourceAttributes }) => resourceAttributes.namespace);
  return { api, asked, namespaces, clock, mayGetServices };
}

const only = (allowed: string) => (namespace: string) => ({ allowed: namespace === allowed });

test('the question names user, groups, and the right to get Services', async (t) => {
  const { asked, mayGetServices } = await start(t, only('shop'));
  t.true(await mayGetServices(ALICE, 'shop'));
  const attributes = { verb: 'get', group: '', resource: 'services' };
  t.deepEqual(asked, [
    { ...ALICE, resourceAttributes: { namespace: '', ...attributes } },
    { ...ALICE, resourceAttributes: { namespace: 'shop', ...attributes } },
  ] as never);
});

test('who may see all namespaces costs one question', async (t) => {
  const { namespaces, mayGetServices } = await start(t, only(''));
  for (const namespace of ['a', 'b', 'c']) t.true(await mayGetServices(ALICE, namespace));
  t.deepEqual(namespaces(), ['']);
});

test('equal questions at once are one', async (t) => {
  const { namespaces, mayGetServices } = await start(t, only('shop'));
  const answers = await Promise.all(Array.from({ length: 20 }, () => mayGetServices(ALICE, 'shop')));
  t.true(answers.every(Boolean));
  t.deepEqual(namespaces(), ['', 'shop']);
});

test('a yes counts for five minutes, a no for 15 seconds', async (t) => {
  const { namespaces, clock, mayGetServices } = await start(t, only('shop'));
  const ask = async () => [await mayGetServices(ALICE, 'shop'), await mayGetServices(ALICE, 'billing')];
  t.deepEqual(await ask(), [true, false]);
  clock.ms = 14_999;
  t.deepEqual(await ask(), [true, false]);
  t.deepEqual(namespaces(), ['', 'shop', 'billing']);
  clock.ms = 15_000;
  t.deepEqual(await ask(), [true, false]);
  t.deepEqual(namespaces().slice(3), ['', 'billing']);
  clock.ms = 5 * MINUTE_MS;
  t.deepEqual(await ask(), [true, false]);
  t.deepEqual(namespaces().slice(5), ['', 'shop', 'billing']);
});

test('what is denied is not allowed, whatever else is said', async (t) => {
  const { mayGetServices } = await start(t, () => ({ allowed: true, denied: true }));
  t.false(await mayGetServices(ALICE, 'shop'));
});

const PEOPLE = {
  'another user': { user: 'bob', groups: ['developers'] },
  'other groups': { user: 'alice', groups: [] },
  'a group with a comma': { user: 'alice', groups: ['developers,admins'] },
};
for (const [who, person] of Object.entries(PEOPLE)) {
  test(`rights of one person are not those of ${who}`, async (t) => {
    const { asked, mayGetServices } = await start(t, only('shop'));
    await mayGetServices({ user: 'alice', groups: ['developers', 'admins'] }, 'shop');
    await mayGetServices(ALICE, 'shop');
    const before = asked.length;
    await mayGetServices(person, 'shop');
    t.is(asked.length, before + 2);
  });
}

test('an API server that is away is asked again', async (t) => {
  const { api, mayGetServices } = await start(t, only('shop'));
  const handler = api.intercept as NonNullable<FakeApi['intercept']>;
  api.intercept = (_request, response) => {
    refuse(response, 500, 'InternalError', 'not now');
    return true;
  };
  await t.throwsAsync(mayGetServices(ALICE, 'shop'), { code: 'KUBERNETES_REFUSED' });
  api.intercept = handler;
  t.true(await mayGetServices(ALICE, 'shop'));
});

test('however many namespaces are tried, few are asked about at a time', async (t) => {
  let asking = 0;
  let most = 0;
  const { api, mayGetServices } = await start(t, () => ({}));
  api.intercept = async (request, response) => {
    asking += 1;
    most = Math.max(most, asking);
    await json(request);
    await new Promise(setImmediate);
    asking -= 1;
    answer(response, 201, { status: { allowed: false } });
    return true;
  };
  const names = Array.from({ length: 60 }, (_, index) => `namespace-${index}`);
  const answers = await Promise.all(names.map((namespace) => mayGetServices(ALICE, namespace)));
  t.false(answers.some(Boolean));
  t.true(most > 1 && most <= 16, `${most}`);
});
