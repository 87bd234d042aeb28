// The webhook behind a real API server: agents come into pods without asking for rights that their namespace refuses,
// and nobody gets what belongs to somebody else.

import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { sessionNameFor } from '../../control-plane/src/protocol/index.ts';
import { APP_PORT, buildEchoApp, LOAD_POD } from '../helpers/echo-app.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import { waitFor } from '../helpers/wait-for.ts';

const INSTALL_NAMESPACE = 'kubectl-tp';
const RESTRICTED = 'pod-security.kubernetes.io/enforce=restricted';
const FEW = { connections: 'fresh', perSecond: 20, seconds: 2 } as const;

test.serial('a restricted namespace: a named port is captured without any privilege', async (t) => {
  const stage = await openInjected(t, 'webhook-named', RESTRICTED);
  await stage.deploy({ name: 'echo', replicas: 2, target: 'name' });
  await restart(stage, 'echo');
  const pods = await readPods(stage, 'echo');
  t.is(pods.length, 2);
  for (const pod of pods) {
    t.deepEqual(namesOf(pod.spec.initContainers), ['tp-agent']);
    t.regex(pod.metadata.annotations['kubectl-tp.dev/agent'] ?? '', /"capture":"Name"/);
    t.is(pod.spec.initContainers[0]?.volumeMounts.filter(({ name }) => name.startsWith('kube-api-access')).length, 0);
  }
  await waitFor('the ports of the agents', async () => `${await readSlicePorts(stage, 'echo')}` === '15080');
  const { failed, servedBy } = await stage.load({ app: 'echo', ...FEW });
  t.is(failed, 0);
  t.deepEqual(Object.keys(servedBy).sort(), pods.map(({ metadata }) => metadata.name).sort());
});

test.serial('a numeric port is captured by nft for an intercept, probes and all', async (t) => {
  const stage = await openInjected(t, 'webhook-numeric', 'pod-security.kubernetes.io/enforce=privileged');
  const session = await createSession(stage, 'admin');
  t.teardown(() => deleteSession(stage, session));
  await stage.cluster.apply([buildIntercept('webhook-numeric', 'echo', session)]);
  t.teardown(() => kubectl(stage, 'delete', 'intercepts.kubectl-tp.dev', 'echo'));
  await stage.deploy({ name: 'echo', replicas: 1, target: 'number' });
  await restart(stage, 'echo');
  const [pod] = await readPods(stage, 'echo');
  t.deepEqual(namesOf(pod?.spec.initContainers), ['tp-capture', 'tp-agent']);
  const { failed, servedBy } = await stage.load({ app: 'echo', ...FEW });
  t.is(failed, 0);
  t.deepEqual(Object.keys(servedBy), [pod?.metadata.name ?? '']);
});

test.serial('a numeric port in a restricted namespace: the pod is created, without agent', async (t) => {
  const stage = await openInjected(t, 'webhook-refused', RESTRICTED);
  await stage.deploy({ name: 'echo', replicas: 1, target: 'number' });
  await restart(stage, 'echo');
  const [pod] = await readPods(stage, 'echo');
  t.deepEqual(namesOf(pod?.spec.initContainers), []);
});

test.serial(
  'pods that ask for their agent themselves and have no Service are intercepted where they are',
  async (t) => {
    const namespace = 'webhook-worker';
    const stage = await openStage(t, namespace);
    await kubectl(
      stage,
      'label',
      'namespace',
      namespace,
      'pod-security.kubernetes.io/enforce=privileged',
      '--overwrite',
    );
    const { product: image } = stage.cluster.images;
    const annotations = { 'kubectl-tp.dev/inject': 'enabled' };
    const [deployment = {}] = buildEchoApp({ namespace, name: 'worker', image, replicas: 2, annotations });
    await stage.cluster.apply([deployment]);
    t.teardown(() => kubectl(stage, 'delete', 'deployment', 'worker', '--wait=false'));
    await kubectl(stage, 'rollout', 'status', 'deployment/worker', '--timeout=120s');
    const [admin, laptop] = [await stage.person('admin'), await stage.laptopApp('laptop-admin')];
    const port = ['--port', `${laptop.port}:http`];
    const said = await admin.tpOk(
      'intercept',
      'deployment/worker',
      '-n',
      namespace,
      '--header',
      'x-dev=admin',
      ...port,
    );
    t.regex(said, /2\/2/);
    const pods = await readPods(stage, 'worker');
    t.is(pods.length, 2);
    for (const { metadata, status } of pods) {
      const ask = async (headers: Record<string, string>) => {
        const plan = { url: `http://${status.podIP}:${APP_PORT}/`, headers, ...FEW };
        const load = ['exec', LOAD_POD, '--', 'node', '/app/test-apps/load.ts', JSON.stringify(plan)];
        return Object.keys(JSON.parse(await kubectl(stage, ...load)).servedBy);
      };
      t.deepEqual(await ask({ 'x-dev': 'admin' }), ['laptop-admin']);
      t.deepEqual(await ask({}), [metadata.name]);
    }
  },
);

test.serial('sessions and intercepts are stamped, and those of others are out of reach', async (t) => {
  const stage = await openStage(t, 'team-a');
  const session = await createSession(stage, 'alice', 'carol');
  t.teardown(() => deleteSession(stage, session));
  const owner = ['-n', INSTALL_NAMESPACE, 'get', 'sessions.kubectl-tp.dev', session, '-o', 'jsonpath={.spec.owner}'];
  t.is(await stage.cluster.kubectl(owner, { user: 'carol' }), 'alice');

  const foreign = stage.cluster.apply([buildIntercept('team-a', 'posing', session)], { user: 'carol' });
  t.regex((await t.throwsAsync(foreign))?.message ?? '', /belongs to alice.*SESSION_FOREIGN/s);
  const deletion = stage.cluster.kubectl(['-n', INSTALL_NAMESPACE, 'delete', 'sessions.kubectl-tp.dev', session], {
    user: 'carol',
  });
  t.regex((await t.throwsAsync(deletion))?.message ?? '', /belongs to alice.*"administer"/);

  t.teardown(() =>
    stage.cluster.kubectl(['-n', 'team-a', 'delete', 'intercepts.kubectl-tp.dev', 'of-alice', '--ignore-not-found']),
  );
  await stage.cluster.apply([buildIntercept('team-a', 'of-alice', session)], { user: 'alice' });
  const ending = stage.cluster.kubectl(['-n', 'team-a', 'delete', 'intercepts.kubectl-tp.dev', 'of-alice'], {
    user: 'carol',
  });
  t.regex((await t.throwsAsync(ending))?.message ?? '', /belongs to alice/);
  const looking = stage.cluster.apply([buildIntercept('team-a', 'looking', session)], { user: 'bob' });
  t.regex((await t.throwsAsync(looking))?.message ?? '', /forbidden/i);
  await stage.cluster.kubectl(['-n', 'team-a', 'delete', 'intercepts.kubectl-tp.dev', 'of-alice'], { user: 'alice' });
});

test.serial('a Service and the Deployment behind it are one, also with an agent in between', async (t) => {
  const stage = await openInjected(t, 'webhook-shared', RESTRICTED);
  await stage.deploy({ name: 'echo', replicas: 1, target: 'name' });
  await restart(stage, 'echo');
  const session = await createSession(stage, 'admin');
  t.teardown(() => deleteSession(stage, session));
  const intercept = (name: string, kind: string, value: string) =>
    buildIntercept('webhook-shared', name, session, { target: { kind, name: 'echo' }, value });
  await stage.cluster.apply([intercept('by-service', 'Service', 'me')]);
  t.teardown(() => kubectl(stage, 'delete', 'intercepts.kubectl-tp.dev', '--all'));
  const error = await t.throwsAsync(stage.cluster.apply([intercept('by-workload', 'Deployment', 'me')]));
  t.regex(error?.message ?? '', /webhook-shared\/by-service.*INTERCEPT_CONFLICT/s);
  await stage.cluster.apply([intercept('another-value', 'Deployment', 'you')]);
});

test.serial("a session's name is its key's, so that nobody can take it over", async (t) => {
  const stage = await openStage(t, 'team-a');
  const session = await createSession(stage, 'alice');
  await deleteSession(stage, session);
  const spec = { publicKey: createPublicKeyPem(), clientVersion: '0.1.0' };
  const metadata = { name: session, namespace: INSTALL_NAMESPACE };
  const again = { apiVersion: 'kubectl-tp.dev/v1alpha1', kind: 'Session', metadata, spec };
  const error = await t.throwsAsync(stage.cluster.apply([again], { user: 'carol' }));
  t.regex(error?.message ?? '', /SESSION_NAME_INVALID/);
});

type PodObject = {
  metadata: { name: string; deletionTimestamp?: string; annotations: Record<string, string> };
  spec: { initContainers: { name: string; volumeMounts: { name: string }[] }[] };
  status: { podIP?: string };
};

type SliceObject = { ports: { port: number }[]; endpoints?: unknown[] };

const namesOf = (containers: { name: string }[] | undefined) => (containers ?? []).map(({ name }) => name);
const kubectl = ({ cluster, namespace }: Stage, ...args: string[]) => cluster.kubectl(['-n', namespace, ...args]);

/** A namespace that asks for agents before anybody intercepts. */
async function openInjected(t: Parameters<typeof openStage>[0], namespace: string, label: string): Promise<Stage> {
  const stage = await openStage(t, namespace);
  await stage.cluster.kubectl(['label', 'namespace', namespace, label, 'kubectl-tp.dev/inject=enabled', '--overwrite']);
  return stage;
}

/**
 * Pods are injected as their Services are when they are created, and a Deployment is often faster than its Service.
 * Resolves when the pods from before are gone, who would answer for a while yet.
 */
async function restart(stage: Stage, app: string): Promise<void> {
  await kubectl(stage, 'rollout', 'restart', `deployment/${app}`);
  await kubectl(stage, 'rollout', 'status', `deployment/${app}`, '--timeout=120s');
  const isLeaving = ({ metadata }: PodObject) => metadata.deletionTimestamp !== undefined;
  await waitFor('the end of the old pods', async () => !(await listPods(stage, app)).some(isLeaving), 60_000);
}

async function listPods(stage: Stage, app: string): Promise<PodObject[]> {
  return JSON.parse(await kubectl(stage, 'get', 'pods', '-l', `app=${app}`, '-o', 'json')).items;
}

async function readPods(stage: Stage, app: string): Promise<PodObject[]> {
  return (await listPods(stage, app)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Of the endpoints that a Service has now. */
async function readSlicePorts(stage: Stage, service: string): Promise<number[]> {
  const selector = `kubernetes.io/service-name=${service}`;
  const { items } = JSON.parse(await kubectl(stage, 'get', 'endpointslices', '-l', selector, '-o', 'json'));
  const used: SliceObject[] = items.filter(({ endpoints }: SliceObject) => (endpoints ?? []).length > 0);
  return used.flatMap(({ ports }) => ports.map(({ port }) => port));
}

/** Resolves with its name. `claims`: whom the object names as its owner, which must not matter. */
async function createSession({ cluster }: Stage, user: 'admin' | 'alice', claims = user as string): Promise<string> {
  const pem = createPublicKeyPem();
  const name = sessionNameFor(user, pem);
  const spec = { publicKey: pem, clientVersion: '0.1.0', owner: claims };
  const head = { apiVersion: 'kubectl-tp.dev/v1alpha1', kind: 'Session' };
  await cluster.apply([{ ...head, metadata: { name, namespace: INSTALL_NAMESPACE }, spec }], { user });
  return name;
}

function createPublicKeyPem(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

async function deleteSession({ cluster }: Stage, name: string): Promise<void> {
  await cluster.kubectl(['-n', INSTALL_NAMESPACE, 'delete', 'sessions.kubectl-tp.dev', name, '--ignore-not-found']);
}

function buildIntercept(
  namespace: string,
  name: string,
  session: string,
  { target = { kind: 'Service', name: 'echo' }, value = name } = {},
): object {
  return {
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Intercept',
    metadata: { name, namespace },
    spec: {
      session,
      target,
      match: { headers: [{ name: 'x-dev', value }] },
      laptop: { port: 3000 },
    },
  };
}
