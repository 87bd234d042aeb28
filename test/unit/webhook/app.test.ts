// The webhook as the API server sees it: AdmissionReviews in, answers out, whatever comes.

import test from 'ava';
import { pino } from 'pino';
import { buildApp } from '../../../webhook/src/app.ts';
import type { ClusterReader } from '../../../webhook/src/cluster/cluster-reader.ts';
import type { NamespaceView } from '../../../webhook/src/inject/namespace-view.ts';
import { createMetrics } from '../../../webhook/src/metrics.ts';
import { applyJsonPatch } from '../../fixtures/apply-json-patch.ts';
import { buildNamespace, buildPod, SETTINGS } from '../../fixtures/webhook.ts';

function createApp(readNamespace: ClusterReader['readNamespace'] = async () => buildNamespace()) {
  const reader: ClusterReader = {
    isSynced: () => true,
    readNamespace,
    readSession: async () => Promise.reject(new Error('no answer')),
    listIntercepts: async () => [],
    listServices: async () => [],
    listPods: async () => [],
    run: async () => undefined,
  };
  const metrics = createMetrics();
  const logger = pino({ level: 'silent' });
  const app = buildApp({ logger, metrics, reader, settings: () => SETTINGS, nowMs: () => 0 });
  const post = async (url: string, payload: object | string) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url, payload, headers });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { app, post, metrics };
}

function buildReview(object: unknown, request: object = {}): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      operation: 'CREATE',
      namespace: 'team-a',
      userInfo: { username: 'alice' },
      object,
      ...request,
    },
  };
}

const decodePatch = (patch: string) => JSON.parse(Buffer.from(patch, 'base64').toString('utf8'));

test('a targeted pod gets its agent by a patch, and none when it comes again', async (t) => {
  const { post } = createApp();
  const pod = buildPod();
  const first = await post('/pods', buildReview(pod));
  t.like(first, {
    status: 200,
    body: { kind: 'AdmissionReview', response: { uid: 'u', allowed: true, patchType: 'JSONPatch' } },
  });
  const injected = applyJsonPatch(pod, decodePatch(first.body.response.patch));
  t.like(injected, { spec: { initContainers: [{ name: 'tp-agent' }] } });
  const second = await post('/pods', buildReview(injected));
  t.deepEqual(second.body.response, { uid: 'u', allowed: true });
});

test('a pod is created without agent when the cluster cannot be read', async (t) => {
  const { post, metrics } = createApp(async () => Promise.reject(new Error('no answer')));
  const { body } = await post('/pods', buildReview(buildPod()));
  t.true(body.response.allowed);
  t.is(body.response.patch, undefined);
  t.regex(body.response.warnings[0], /gets no agent/);
  t.regex(await metrics.registry.metrics(), /tp_webhook_injections_total\{outcome="failed"\} 1/);
});

test('a pod that is none is created, too: the API server refuses it better', async (t) => {
  const { post } = createApp();
  for (const object of [null, 7, {}, { metadata: {}, spec: { containers: [] } }, { metadata: {}, spec: 'x' }]) {
    const { status, body } = await post('/pods', buildReview(object));
    t.is(status, 200);
    t.true(body.response.allowed);
  }
});

test('a pod of a rolled workload is not skipped before the API server was asked for intercepts', async (t) => {
  const asked: (boolean | undefined)[] = [];
  const { post } = createApp(async (_namespace, { fresh } = {}): Promise<NamespaceView> => {
    asked.push(fresh);
    return buildNamespace(fresh ? {} : { targets: [] });
  });
  const rolled = buildPod({ metadata: { labels: { app: 'web' }, annotations: { 'kubectl-tp.dev/rollout': 'x' } } });
  t.truthy((await post('/pods', buildReview(rolled))).body.response.patch);
  t.is((await post('/pods', buildReview(buildPod()))).body.response.patch, undefined);
  t.deepEqual(asked, [undefined, true, undefined]);
});

test('a pod that was rolled for an agent and gets none says why', async (t) => {
  const { post } = createApp();
  const rolled = (spec: object) =>
    buildPod({ metadata: { labels: { app: 'web' }, annotations: { 'kubectl-tp.dev/rollout': 'x' } }, spec });
  const { body } = await post('/pods', buildReview(rolled({ hostNetwork: true })));
  const [note] = decodePatch(body.response.patch);
  t.is(note.path, '/metadata/annotations/kubectl-tp.dev~1agent-skipped');
  t.regex(note.value, /^HostNetwork: The pod uses the network of its node/);
  const unrolled = await post('/pods', buildReview(buildPod({ spec: { hostNetwork: true } })));
  t.is(unrolled.body.response.patch, undefined);
});

const GARBAGE: Record<string, object | string> = {
  'an empty object': {},
  'a list': [],
  'another kind': { apiVersion: 'v1', kind: 'Pod' },
  'another version': { ...buildReview({}), apiVersion: 'admission.k8s.io/v1beta1' },
  'no request': { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
  'no user': buildReview({}, { userInfo: {} }),
  'an unknown operation': buildReview({}, { operation: 'CONNECT' }),
  'a uid that is none': buildReview({}, { uid: 7 }),
  'half a document': '{"apiVersion": "admission.k8s.io/v1", "kind": ',
  'no JSON at all': '\u0000\u0001\u0002',
};
for (const [what, payload] of Object.entries(GARBAGE)) {
  test(`garbage is refused with a code: ${what}`, async (t) => {
    const { post } = createApp();
    for (const path of ['/pods', '/intercepts', '/sessions']) {
      const { status, body } = await post(path, payload);
      t.is(status, 400);
      t.is(body.code, 'REVIEW_INVALID');
      t.is(typeof body.message, 'string');
    }
  });
}

test('a body beyond what the API server can send is refused unread', async (t) => {
  const { post } = createApp();
  t.like(await post('/pods', `"${'x'.repeat(8 << 20)}"`), { status: 413, body: { code: 'REVIEW_INVALID' } });
});

test('an object of ours is neither allowed nor refused when its session cannot be read', async (t) => {
  const { post } = createApp();
  const spec = {
    session: 'alice-1',
    action: 'Redirect',
    target: { kind: 'Service', name: 'web' },
    match: { headers: [] },
    laptop: { port: 3000 },
    fallback: 'Pod',
  };
  const { status, body } = await post('/intercepts', buildReview({ metadata: { name: 'x' }, spec }));
  t.is(status, 500);
  t.deepEqual(Object.keys(body), ['code', 'message']);
});
