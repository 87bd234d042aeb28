// What RBAC can't say the chart's admission policies refuse, on a real API server; what the processes do every day passes.

import test from 'ava';
import {
  ALICE,
  authority,
  BOB,
  BOSS,
  buildIntercept,
  buildLease,
  buildSession,
  buildWebhook,
  buildWebhookConfiguration,
  COLLECTOR,
  CONTROL_PLANE,
  GROUP,
  KINDS,
  NAMESPACE,
  RELAY,
} from '../fixtures/policy-objects.ts';
import type { ImpersonatingApi } from '../helpers/impersonating-api.ts';
import {
  type Call,
  create,
  LEASES,
  OURS,
  openPolicies,
  patch,
  remove,
  removePolicies,
  WEBHOOKS,
  WORKLOADS,
} from '../helpers/policies.ts';

let api: ImpersonatingApi | undefined;
test.before(async () => {
  api = await openPolicies();
});
test.after.always(async () => {
  api?.close();
  await removePolicies();
});

async function ask(call: Call) {
  if (api === undefined) throw new Error('the policies are not there');
  return call(api);
}
const passes = test.macro(async (t, call: Call) => {
  const { status, message } = await ask(call);
  t.true(status < 300, message);
});
const refused = test.macro(async (t, call: Call, why: RegExp) => {
  const { status, message } = await ask(call);
  t.is(status, 403, message);
  t.regex(message, why);
});

const INTERCEPTS = `${OURS}/intercepts`;
const ONE = `${INTERCEPTS}/one`;
const PORT = { spec: { laptop: { port: 22 } } };
const NOTE = { metadata: { annotations: { note: 'x' } } };
test('an intercept of oneself', passes, create(BOB, INTERCEPTS, buildIntercept('new', 'bob')));
test('an intercept of nobody', refused, create(BOB, INTERCEPTS, buildIntercept('new')), /would belong to ""/);
test(
  'an intercept of another',
  refused,
  create(BOB, INTERCEPTS, buildIntercept('new', 'alice')),
  /would belong to "alice", but you are "bob"/,
);
test(
  'a session of another, by an administrator',
  refused,
  create(BOSS, `${OURS}/sessions`, buildSession('new', 'alice')),
  /would belong to "alice"/,
);
test(
  'a session of another, by Kubernetes',
  refused,
  create(COLLECTOR, `${OURS}/sessions`, buildSession('new', 'alice')),
  /would/,
);
test(
  'a session with a group of others',
  refused,
  create(BOB, `${OURS}/sessions`, buildSession('new', 'bob', ['system:authenticated', 'system:masters'])),
  /claim groups/,
);
test(
  'a session with groups of oneself',
  passes,
  create(BOB, `${OURS}/sessions`, buildSession('new', 'bob', ['system:authenticated'])),
);
test('the owner chooses another laptop port', passes, patch(ALICE, ONE, PORT));
test('an administrator does not', refused, patch(BOSS, ONE, PORT), /belongs to alice.*owner alone/);
test('nobody else does', refused, patch(BOB, ONE, PORT), /belongs to alice/);
test('an administrator notes something', passes, patch(BOSS, ONE, NOTE));
test('nobody else notes something', refused, patch(BOB, ONE, NOTE), /"administer" on intercepts/);
test('the owner ends it', passes, remove(ALICE, ONE));
test('an administrator ends it', passes, remove(BOSS, ONE));
test('Kubernetes ends it', passes, remove(COLLECTOR, ONE));
test('nobody else ends it', refused, remove(BOB, ONE), /belongs to alice.*"administer" on intercepts/);
test('nobody else ends all', refused, remove(BOB, INTERCEPTS), /Intercept policies-test\/one belongs to alice/);
test('nobody else ends a session', refused, remove(BOB, `${OURS}/sessions/one`), /Session policies-test\/one belongs/);

const ours = (key: string, value: string | null) => ({ annotations: { [`${GROUP}/${key}`]: value } });
const inTemplate = (metadata: object) => ({ spec: { template: { metadata } } });
const ALLOWED: Record<string, object> = {
  'a rollout': inTemplate(ours('rollout', 'y@2030-01-01T00:00:00Z')),
  'a rollout taken away': inTemplate(ours('rollout', null)),
  'the mark of unused agents': { metadata: ours('unused-since', '2030-01-01T00:00:00Z') },
  'that mark taken away': { metadata: ours('unused-since', null) },
};
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' };
const FOREIGN: Record<string, object> = {
  'another image': { spec: { template: { spec: { containers: [{ name: 'app', image: 'evil' }] } } } },
  'another account of its pods': { spec: { template: { spec: { serviceAccountName: 'root' } } } },
  'another label of its pods': inTemplate({ labels: { a: 'b' } }),
  'another annotation of its pods': inTemplate({ annotations: { a: 'b' } }),
  'one annotation of its pods less': inTemplate({ annotations: { kept: null } }),
  'other times': { spec: { minReadySeconds: 7 } },
  'another label': { metadata: { labels: { a: 'b' } } },
  'another annotation': { metadata: { annotations: { a: 'b' } } },
  'one annotation less': { metadata: { annotations: { kept: null } } },
  'another owner': { metadata: { ownerReferences: [owner] } },
  'another finalizer': { metadata: { finalizers: ['example.com/x'] } },
};
for (const kind of KINDS) {
  const workload = (name: string) => `${WORKLOADS}/${kind.toLowerCase()}s/${name}`;
  for (const [what, change] of Object.entries(ALLOWED)) {
    test(`${kind}, the control plane: ${what}`, passes, patch(CONTROL_PLANE, workload('web'), change));
    test(
      `${kind} without annotations, the control plane: ${what}`,
      passes,
      patch(CONTROL_PLANE, workload('bare'), change),
    );
  }
  for (const [what, change] of Object.entries(FOREIGN)) {
    const why = /control plane of kubectl tp changes/;
    test(`${kind}, the control plane: ${what}`, refused, patch(CONTROL_PLANE, workload('web'), change), why);
    test(`${kind}, others: ${what}`, passes, patch(ALICE, workload('web'), change));
  }
}

const WEBHOOK = `${WEBHOOKS}/${NAMESPACE}`;
const set = (path: string, value: unknown) => [{ op: 'add', path: `/webhooks/${path}`, value }];
test(
  'the authority of the webhook',
  passes,
  patch(CONTROL_PLANE, WEBHOOK, set('0/clientConfig/caBundle', authority('b'))),
);
const WIDER: Record<string, object> = {
  'more objects': set('0/rules/0/resources', ['*/*']),
  'another path': set('0/clientConfig/service/path', '/x'),
  'more namespaces': set('0/namespaceSelector', {}),
  'another failure policy': set('0/failurePolicy', 'Fail'),
  'one more': set('-', buildWebhook('other')),
};
for (const [what, change] of Object.entries(WIDER)) {
  test(`the webhook, the control plane: ${what}`, refused, patch(CONTROL_PLANE, WEBHOOK, change), /caBundle alone/);
  test(`the webhook, others: ${what}`, passes, patch(ALICE, WEBHOOK, change));
}
test(
  'the control plane makes a webhook',
  refused,
  create(CONTROL_PLANE, WEBHOOKS, { ...buildWebhookConfiguration(), metadata: { name: `${NAMESPACE}-other` } }),
  /caBundle alone/,
);

const RENEWED = { spec: { renewTime: '2030-01-01T00:00:00.000000Z' } };
const NOT_ITS_OWN = /is not of the relay in pod "relay-a"/;
test('a relay holds a session', passes, create(RELAY, LEASES, buildLease('bob-1.relay-a')));
test('a relay renews its Lease', passes, patch(RELAY, `${LEASES}/alice-1.relay-a`, RENEWED));
test('a relay releases its Lease', passes, remove(RELAY, `${LEASES}/alice-1.relay-a`));
test("a relay makes another's Lease", refused, create(RELAY, LEASES, buildLease('bob-1.relay-b')), NOT_ITS_OWN);
test("a relay renews another's Lease", refused, patch(RELAY, `${LEASES}/alice-1.relay-b`, RENEWED), NOT_ITS_OWN);
test("a relay ends another's Lease", refused, remove(RELAY, `${LEASES}/alice-1.relay-b`), NOT_ITS_OWN);
test('a relay leads', refused, create(RELAY, LEASES, buildLease('tp-leader')), NOT_ITS_OWN);
const posing = buildLease('bob-1.relay-a', { holderIdentity: 'relay-b' });
test('a relay holds a session for another', refused, create(RELAY, LEASES, posing), NOT_ITS_OWN);
const mixed = buildLease('bob-1.relay-a', { session: 'alice-1' });
test('a relay names two sessions', refused, create(RELAY, LEASES, mixed), NOT_ITS_OWN);
test('a token of no pod', refused, create({ name: RELAY.name }, LEASES, buildLease('bob-1.relay-a')), /in pod ""/);
test('others and Leases', passes, create(ALICE, LEASES, buildLease('tp-leader')));
