// Who may intercept what, and what people are told who may not.

import test from 'ava';
import type { Intercept, Session } from '../../../control-plane/src/api/index.ts';
import { admitIntercept, type InterceptReader } from '../../../webhook/src/admission/admit-intercept.ts';
import { findConflict } from '../../../webhook/src/admission/find-conflict.ts';
import type { AdmissionRequest } from '../../../webhook/src/admission/review.ts';
import { injectPod } from '../../../webhook/src/inject/inject-pod.ts';
import type { ServiceView } from '../../../webhook/src/inject/namespace-view.ts';
import type { Pod } from '../../../webhook/src/inject/pod.ts';
import { buildNamespace, buildPod, SETTINGS } from '../../fixtures/webhook.ts';

const NOW = Date.parse('2030-01-01T12:00:00Z');
const SERVICE: ServiceView = {
  name: 'web',
  selector: { app: 'web' },
  headless: false,
  ports: [{ name: 'http', port: 80, targetPort: 'http' }],
};

function buildSpec(change: Partial<Intercept['spec']> = {}): Intercept['spec'] {
  return {
    session: 'alice-1',
    action: 'Redirect',
    target: { kind: 'Service', name: 'web' },
    match: { headers: [{ name: 'x-dev', value: 'me' }] },
    laptop: { port: 3000 },
    fallback: 'Pod',
    ...change,
  };
}

function buildIntercept(name: string, change: Partial<Intercept['spec']> = {}, metadata: object = {}): Intercept {
  return {
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Intercept',
    metadata: { name, namespace: 'team-a', ...metadata },
    spec: buildSpec(change),
  };
}

function buildRequest(change: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: 'u',
    operation: 'CREATE',
    namespace: 'team-a',
    userInfo: { username: 'alice' },
    object: buildIntercept('mine'),
    ...change,
  };
}

const [PORT] = SERVICE.ports;
const SERVICES: ServiceView[] = [
  SERVICE,
  { ...SERVICE, name: 'web-by-number', ports: [{ name: undefined, port: 8000, targetPort: 8080 }] },
  { ...SERVICE, name: 'web-metrics', ports: [{ name: undefined, port: 80, targetPort: 'metrics' }] },
  {
    ...SERVICE,
    name: 'web-twice',
    ports: [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'alias', port: 81, targetPort: 'http' },
      { name: 'number', port: 82, targetPort: 8080 },
      { name: 'metrics', port: 83, targetPort: 'metrics' },
    ],
  },
  { ...SERVICE, name: 'api', selector: { app: 'api' } },
  // A label may have the name of what every object has.
  { ...SERVICE, name: 'web-odd', selector: { app: 'web', constructor: 'x' } },
  { ...SERVICE, name: 'outside', selector: undefined, ports: PORT === undefined ? [] : [PORT] },
];

function admit(request: AdmissionRequest, others: Intercept[] = [], pods: Pod[] = []) {
  const session = (name: string, owner: string): Session => ({
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Session',
    metadata: { name, namespace: 'kubectl-tp' },
    spec: { owner, publicKey: 'x', clientVersion: '0' },
  });
  const sessions = [session('alice-1', 'alice'), session('bob-1', 'bob')];
  const reader: InterceptReader = {
    readSession: async (name) => sessions.find(({ metadata }) => metadata.name === name),
    listIntercepts: async () => others,
    listServices: async () => SERVICES,
    listPods: async () => pods,
  };
  return admitIntercept(request, { reader, nowMs: NOW });
}

test('the owner is whoever asks, whatever the object says', async (t) => {
  const object = buildIntercept('mine', { owner: 'root' }, { labels: { a: 'b', 'kubectl-tp.dev/session': 'bob-1' } });
  t.like(await admit(buildRequest({ object })), {
    outcome: 'allowed',
    object: { metadata: { labels: { a: 'b', 'kubectl-tp.dev/session': 'alice-1' } }, spec: { owner: 'alice' } },
  });
});

test("a session that does not exist, and one of somebody else's", async (t) => {
  const withSession = (session: string) => buildRequest({ object: buildIntercept('mine', { session }) });
  t.like(await admit(withSession('gone')), { error: 'SESSION_UNKNOWN' });
  const foreign = await admit(withSession('bob-1'));
  t.like(foreign, { error: 'SESSION_FOREIGN' });
  t.regex(foreign.outcome === 'refused' ? foreign.message : '', /belongs to bob.*kubectl tp intercept/s);
});

test('an end in the past, and a name that is no label', async (t) => {
  const past = buildIntercept('mine', { expiresAt: '2030-01-01T12:00:00Z' });
  t.like(await admit(buildRequest({ object: past })), { error: 'EXPIRY_PAST' });
  const future = buildIntercept('mine', { expiresAt: '2030-01-01T12:00:01Z' });
  t.like(await admit(buildRequest({ object: future })), { outcome: 'allowed' });
  t.like(await admit(buildRequest({ object: buildIntercept('a.b') })), { error: 'NAME_INVALID' });
});

test('a header that tells no requests apart is refused, whoever made the object', async (t) => {
  for (const name of ['host', 'connection', 'x-tp-session', 'x-envoy-retry-on', 'x-forwarded-proto']) {
    const object = buildIntercept('mine', { match: { headers: [{ name, value: 'me' }] } });
    const admission = await admit(buildRequest({ object }));
    t.like(admission, { outcome: 'refused', error: 'SPEC_INVALID' });
  }
});

test('a malformed object is refused with where it is wrong', async (t) => {
  const object = { metadata: { name: 'mine' }, spec: { ...buildSpec(), laptop: { port: 'x' } } };
  const admission = await admit(buildRequest({ object }));
  t.like(admission, { error: 'SPEC_INVALID' });
  t.regex(admission.outcome === 'refused' ? admission.message : '', /spec\.laptop\.port/);
});

const theirs = { session: 'bob-1', owner: 'bob' };
const CONFLICTS: Record<string, [Intercept, boolean]> = {
  'the same header': [buildIntercept('theirs', theirs), true],
  'every request': [buildIntercept('theirs', { ...theirs, match: { headers: [] } }), true],
  'another header': [
    buildIntercept('theirs', { ...theirs, match: { headers: [{ name: 'x-team', value: 'b' }] } }),
    true,
  ],
  'another value': [
    buildIntercept('theirs', { ...theirs, match: { headers: [{ name: 'x-dev', value: 'you' }] } }),
    false,
  ],
  'the same port by number': [
    buildIntercept('theirs', { ...theirs, target: { kind: 'Service', name: 'web', port: '80' } }),
    true,
  ],
  'the same port by name': [
    buildIntercept('theirs', { ...theirs, target: { kind: 'Service', name: 'web', port: 'http' } }),
    true,
  ],
  'another target': [buildIntercept('theirs', { ...theirs, target: { kind: 'Service', name: 'api' } }), false],
  'one that is being deleted': [buildIntercept('theirs', theirs, { deletionTimestamp: '2030-01-01T11:59:59Z' }), false],
  'one that has expired': [buildIntercept('theirs', { ...theirs, expiresAt: '2030-01-01T11:00:00Z' }), false],
  'one of the same name': [buildIntercept('mine', theirs), false],
};
for (const [what, [other, isConflict]] of Object.entries(CONFLICTS)) {
  test(`${isConflict ? 'a conflict' : 'no conflict'}: ${what}`, async (t) => {
    const admission = await admit(buildRequest(), [other]);
    t.is(admission.outcome, isConflict ? 'refused' : 'allowed');
    if (admission.outcome === 'refused') {
      t.is(admission.error, 'INTERCEPT_CONFLICT');
      t.regex(admission.message, /team-a\/theirs of bob.*x-dev: me/);
    }
  });
}

test("a conflict with one's own intercept says so, also of another session", async (t) => {
  const refusal = async (other: Intercept) => {
    const admission = await admit(buildRequest(), [other]);
    return admission.outcome === 'refused' ? admission.message : '';
  };
  t.regex(await refusal(buildIntercept('other', { owner: 'alice' })), /^Your own .*tp leave web -n team-a$/s);
  const elsewhere = buildIntercept('other', { owner: 'alice', session: 'alice-2' });
  t.regex(await refusal(elsewhere), /^Your own .* of another session .*delete intercept other$/s);
});

const PLAIN = buildPod({
  spec: {
    containers: [
      {
        name: 'app',
        ports: [
          { name: 'http', containerPort: 8080 },
          { name: 'metrics', containerPort: 9090 },
        ],
      },
    ],
  },
});
const injection = injectPod(PLAIN, buildNamespace(), SETTINGS);
const INJECTED = injection.outcome === 'injected' ? injection.pod : PLAIN;
const deployment = (port: string, name = 'web') => ({ kind: 'Deployment', name, port }) as const;
const service = (name: string) => ({ kind: 'Service', name }) as const;
/** Beside an intercept of Service web, whose port is `http` of the pods. */
const SHARED: Record<string, [Intercept['spec']['target'], boolean]> = {
  'the workload behind it': [deployment('http'), true],
  'the workload behind it, by number': [deployment('8080'), true],
  'another Service with the same pods': [service('web-by-number'), true],
  'another port of the workload behind it': [deployment('metrics'), false],
  'another port of the same pods': [service('web-metrics'), false],
  'another workload': [deployment('http', 'api'), false],
  'a Service with other pods': [service('api'), false],
  'a Service without pods': [service('outside'), false],
};
for (const [what, [target, isConflict]] of Object.entries(SHARED)) {
  for (const [kind, pod] of Object.entries({ 'without agent': PLAIN, 'with agent': INJECTED })) {
    test(`${isConflict ? 'a conflict' : 'no conflict'} in pods ${kind}: ${what}`, async (t) => {
      const expected = isConflict ? 'refused' : 'allowed';
      const other = buildIntercept('theirs', { ...theirs, target });
      t.is((await admit(buildRequest(), [other], [pod])).outcome, expected);
      const turned = buildRequest({ object: buildIntercept('mine', { target }) });
      t.is((await admit(turned, [buildIntercept('theirs', theirs)], [pod])).outcome, expected);
    });
  }
}

for (const [port, expected] of Object.entries({ alias: 'refused', number: 'refused', metrics: 'allowed' } as const)) {
  test(`port ${port} of a Service beside its port http: ${expected}`, async (t) => {
    const twice = (port: string) => ({ kind: 'Service', name: 'web-twice', port }) as const;
    const request = buildRequest({ object: buildIntercept('mine', { target: twice(port) }) });
    const other = buildIntercept('theirs', { ...theirs, target: twice('http') });
    t.is((await admit(request, [other], [INJECTED])).outcome, expected);
  });
}

test('pods are asked for only when one request could be both', async (t) => {
  t.is(injection.outcome, 'injected');
  const listPods = async () => Promise.reject(new Error('pods were asked for'));
  const judge = (value: string) => {
    const match = { headers: [{ name: 'x-dev', value }] };
    const others = [buildIntercept('theirs', { ...theirs, target: deployment('http'), match })];
    const candidate = { namespace: 'team-a', name: 'mine', spec: buildSpec() };
    return findConflict(candidate, { others, services: SERVICES, nowMs: NOW, listPods });
  };
  t.is(await judge('you'), undefined);
  await t.throwsAsync(judge('me'), { message: 'pods were asked for' });
});

test('Services whose selectors contradict each other share no pod, so none is asked for', async (t) => {
  const listPods = async () => Promise.reject(new Error('pods were asked for'));
  const judge = (target: string) => {
    const others = [buildIntercept('theirs', { target: { kind: 'Service', name: target } })];
    const candidate = { namespace: 'team-a', name: 'mine', spec: buildSpec() };
    return findConflict(candidate, { others, services: SERVICES, nowMs: NOW, listPods });
  };
  t.is(await judge('api'), undefined);
  await t.throwsAsync(judge('web-odd'), { message: 'pods were asked for' });
  await t.throwsAsync(judge('web-metrics'), { message: 'pods were asked for' });
});

test('an update keeps the owner, whoever updates', async (t) => {
  const oldObject = buildIntercept('mine', { owner: 'alice' });
  const userInfo = { username: 'admin' };
  const update = (owner: string | undefined) =>
    admit(
      buildRequest({
        operation: 'UPDATE',
        userInfo,
        oldObject,
        object: buildIntercept('mine', owner === undefined ? {} : { owner }),
      }),
    );
  t.like(await update('alice'), { outcome: 'allowed', object: { spec: { owner: 'alice' } } });
  t.like(await update(undefined), { outcome: 'allowed', object: { spec: { owner: 'alice' } } });
  t.like(await update('admin'), { outcome: 'refused', error: 'OWNER_CHANGED' });
});
