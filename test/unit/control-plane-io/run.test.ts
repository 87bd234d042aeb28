import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import type { Intercept, Session } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import {
  connectAgent,
  NEIGHBOUR_TOKEN,
  obey,
  type RunningControlPlane,
  startControlPlane,
} from '../../helpers/control-plane.ts';
import { refuse } from '../../helpers/fake-api.ts';
import {
  DEPLOYMENTS_PATH,
  fillShop,
  INTERCEPTS_PATH,
  interceptObject,
  LEASES_PATH,
  leaseObject,
  NEIGHBOUR,
  PODS_PATH,
  podObject,
  publicKeyPem,
  SECRETS_PATH,
  SESSIONS_PATH,
  sessionObject,
} from '../../helpers/shop.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const intercept = ({ api }: RunningControlPlane) =>
  api.find<Intercept & KubernetesObject>(INTERCEPTS_PATH, 'orders-alice');
const session = ({ api }: RunningControlPlane, name = 'alice-1') =>
  api.find<Session & KubernetesObject>(SESSIONS_PATH, name);

/** `True`, `False reason`. */
function condition(controlPlane: RunningControlPlane, type: string): string | undefined {
  const found = intercept(controlPlane)?.status?.conditions?.find((each) => each.type === type);
  return found === undefined ? undefined : `${found.status} ${found.reason}`;
}

const isReady = (controlPlane: RunningControlPlane) => condition(controlPlane, 'Ready') === 'True Ready';

async function startWithIntercept(t: ExecutionContext) {
  const controlPlane = await startControlPlane(t, { fill: fillShop });
  const names = obey(connectAgent(t, controlPlane));
  controlPlane.api.put(INTERCEPTS_PATH, interceptObject());
  await waitFor('the intercept to be ready', () => isReady(controlPlane), 10_000);
  return { controlPlane, names };
}

test('an intercept reaches the agent, and the acknowledgement reaches the intercept', async (t) => {
  const { controlPlane, names } = await startWithIntercept(t);
  t.true(names.has('tunnel-or-app/shop/orders-alice'), [...names].join());
  const { status } = intercept(controlPlane) ?? {};
  t.deepEqual(status?.agents, { ready: 1, total: 1 });
  t.deepEqual(status?.summary?.agents, '1/1');
  t.deepEqual(status?.reports, { 'tp-control-plane-1': { generation: 1, pods: ['orders-abc-1'] } });
  t.regex(controlPlane.log.join(''), /agent acknowledged/);
});

for (const host of ['127.0.0.1', '::1']) {
  test(`whoever has only ${host} reaches all of it`, async (t) => {
    const { ports } = await startControlPlane(t, { fill: fillShop });
    for (const [server, port] of Object.entries(ports)) {
      const socket = connect({ host, port });
      t.teardown(() => socket.destroy());
      await t.notThrowsAsync(once(socket, 'connect'), server);
    }
  });
}

test('a deleted intercept leaves the agent', async (t) => {
  const { controlPlane, names } = await startWithIntercept(t);
  controlPlane.api.remove(INTERCEPTS_PATH, 'orders-alice');
  await waitFor('the tunnel to go', () => !names.has('tunnel-or-app/shop/orders-alice'), 5000);
  t.pass();
});

test('a lost tunnel shows at once, and so does its return', async (t) => {
  const { controlPlane } = await startWithIntercept(t);
  controlPlane.api.remove(LEASES_PATH, 'alice-1.relay-1');
  await waitFor('LaptopAway', () => condition(controlPlane, 'Ready') === 'False LaptopAway', 5000);
  controlPlane.api.put(LEASES_PATH, leaseObject(Date.now()));
  await waitFor('Ready', () => isReady(controlPlane), 5000);
  t.pass();
});

test('a Lease that nobody renews expires without any event', async (t) => {
  const { controlPlane } = await startWithIntercept(t);
  controlPlane.api.put(LEASES_PATH, leaseObject(Date.now(), 1));
  await waitFor('LaptopAway', () => condition(controlPlane, 'Ready') === 'False LaptopAway', 5000);
  t.pass();
});

test('a session gets its certificate, made for its key and naming it', async (t) => {
  const controlPlane = await startControlPlane(t, { fill: fillShop });
  const { status, spec } = await waitFor('a certificate', () => {
    const found = session(controlPlane);
    return found?.status?.certificate !== undefined && found;
  });
  const certificate = new X509Certificate(status?.certificate ?? '');
  t.is(certificate.publicKey.export({ type: 'spki', format: 'pem' }), spec.publicKey);
  t.is(certificate.subjectAltName, 'DNS:alice-1.session.tp, URI:spiffe://tp/session/alice-1');
  t.true(certificate.verify(new X509Certificate(status?.authority ?? '').publicKey));
  t.deepEqual(status?.relays, ['relay-1']);
  t.is(status?.conditions?.[0]?.reason, 'Issued');
});

test('a session with a key of another kind is told so, once', async (t) => {
  const controlPlane = await startControlPlane(t, {
    fill: (api) => api.put(SESSIONS_PATH, sessionObject('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----')),
  });
  await waitFor('the condition', () => session(controlPlane)?.status?.conditions?.[0]?.reason === 'InvalidPublicKey');
  const writes = () =>
    controlPlane.api.requests.filter((request) => request.includes('sessions/alice-1/status')).length;
  const before = writes();
  controlPlane.api.put(SESSIONS_PATH, sessionObject(publicKeyPem(), 'bob-1'));
  // Sessions get their certificates in rounds over all of them.
  await waitFor('another round', () => session(controlPlane, 'bob-1')?.status?.certificate);
  t.is(writes(), before);
});

test('a workload without agents is rolled once, with an event that says why', async (t) => {
  const controlPlane = await startControlPlane(t, {
    fill(api) {
      fillShop(api);
      api.put(PODS_PATH, podObject({ agent: false }));
      api.put(INTERCEPTS_PATH, interceptObject());
    },
  });
  const { api } = controlPlane;
  const patches = () => api.requests.filter((request) => request.startsWith(`PATCH ${DEPLOYMENTS_PATH}/orders`));
  await waitFor('a rollout', () => patches().length > 0);
  await waitFor('an event', () =>
    api.requests.some((request) => request.startsWith('POST /api/v1/namespaces/shop/events')),
  );
  for (let round = 0; round < 3; round += 1) api.put(PODS_PATH, { ...podObject({ agent: false }), round } as never);
  await waitFor('RollingOut', () => condition(controlPlane, 'Programmed')?.startsWith('False'));
  t.is(patches().length, 1);
});

test('a rollout that the API server refuses shows with its cause, and goes on when it is allowed', async (t) => {
  const controlPlane = await startControlPlane(t, {
    fill(api) {
      fillShop(api);
      api.put(PODS_PATH, podObject({ agent: false }));
    },
  });
  const { api } = controlPlane;
  let isRefused = true;
  api.intercept = (request, response) => {
    const isRollout = request.method === 'PATCH' && request.url?.startsWith(DEPLOYMENTS_PATH) === true;
    if (isRollout && isRefused) refuse(response, 403, 'Forbidden', 'denied by policy frozen');
    return isRollout && isRefused;
  };
  api.put(INTERCEPTS_PATH, interceptObject());
  await waitFor('the cause', () => condition(controlPlane, 'Programmed') === 'False AgentMissing', 5000);
  const message = () => {
    const found = intercept(controlPlane)?.status?.conditions?.find(({ type }) => type === 'Programmed');
    return found?.message ?? '';
  };
  t.regex(message(), /refuses to roll Deployment orders: denied by policy frozen\. /);
  isRefused = false;
  await waitFor('the end of the refusal', () => !/refuses/.test(message()), 10_000);
});

test('an expired intercept is deleted', async (t) => {
  const controlPlane = await startControlPlane(t, { fill: fillShop });
  const { spec, ...rest } = interceptObject();
  const expiresAt = new Date(Date.now() + 300).toISOString();
  controlPlane.api.put(INTERCEPTS_PATH, { ...rest, spec: { ...spec, expiresAt } } as never);
  await waitFor('the end', () => intercept(controlPlane) === undefined, 5000);
  t.true(controlPlane.api.requests.some((request) => request.startsWith(`DELETE ${INTERCEPTS_PATH}/orders-alice`)));
});

test('agents with a wrong token, or the token of another pod, are refused', async (t) => {
  const controlPlane = await startControlPlane(t, { fill: fillShop });
  controlPlane.api.put(PODS_PATH, podObject({ name: NEIGHBOUR }));
  const refusalOf = async (token: string) => {
    const agent = connectAgent(t, controlPlane, token);
    agent.send('cluster');
    return (await agent.ended).code;
  };
  t.is(await refusalOf('made-up'), status.UNAUTHENTICATED);
  // Until the watch has shown its pod, an agent is to try again.
  await waitFor('the neighbour', async () => (await refusalOf(NEIGHBOUR_TOKEN)) !== status.UNAVAILABLE);
  t.is(await refusalOf(NEIGHBOUR_TOKEN), status.PERMISSION_DENIED);
});

test('the webhook has its certificate, and the API server its authority', async (t) => {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  const controlPlane = await startControlPlane(t);
  const secret = await waitFor('the Secret', () =>
    controlPlane.api.find<KubernetesObject & { data: Record<string, string> }>(SECRETS_PATH, 'tp-webhook-certificate'),
  );
  const certificate = new X509Certificate(Buffer.from(secret.data['tls.crt'] ?? '', 'base64'));
  t.is(certificate.subjectAltName, 'DNS:tp-webhook.kubectl-tp.svc');
  controlPlane.api.remove(SECRETS_PATH, 'tp-webhook-certificate');
  await waitFor('the Secret again', () => controlPlane.api.find(SECRETS_PATH, 'tp-webhook-certificate'));
  t.false(
    controlPlane.api.requests.some((request) => request.startsWith(`PATCH ${path}`)),
    'nothing to write to',
  );
});

test('health, readiness, metrics and a look inside', async (t) => {
  const { controlPlane } = await startWithIntercept(t);
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${controlPlane.ports.admin}${path}`);
    return { status: response.status, text: await response.text() };
  };
  t.is((await get('/healthz')).status, 200);
  t.is((await get('/readyz')).status, 200);
  t.regex((await get('/metrics')).text, /tp_agents_connected 1\b/);
  const { text } = await get('/config');
  const { agents, counts } = JSON.parse(text);
  t.like(agents, { published: 1, connected: 1, rejecting: 0 });
  t.is(counts.intercepts, 1);
  t.notRegex(text, /orders|shop|alice|PRIVATE KEY|CERTIFICATE/, 'who may ask need not know every namespace');
  t.is((await get('/other')).status, 404);
});

test('the log holds no certificates, keys or tokens', async (t) => {
  const { controlPlane } = await startWithIntercept(t);
  t.notRegex(controlPlane.log.join(''), /BEGIN|token-of-the-agent/);
});

test('ending lets go of the Lease, so that another replica leads at once', async (t) => {
  const controlPlane = await startControlPlane(t);
  type Lease = KubernetesObject & { spec: { holderIdentity: string } };
  const holder = () => controlPlane.api.find<Lease>(LEASES_PATH, 'tp-control-plane')?.spec.holderIdentity;
  await waitFor('a leader', () => holder() === 'tp-control-plane-1');
  await controlPlane.stop();
  t.is(holder(), '');
});
