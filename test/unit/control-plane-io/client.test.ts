import { KubeConfig } from '@kubernetes/client-node';
import test, { type ExecutionContext } from 'ava';
import { DEPLOYMENTS, INTERCEPTS, NAMESPACES, PODS } from '../../../control-plane/src/api/index.ts';
import {
  createKubernetesClient,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  isUnreachable,
  KubernetesError,
  type KubernetesObject,
} from '../../../control-plane/src/kubernetes/index.ts';
import { refuse, startFakeApi } from '../../helpers/fake-api.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SHOP_PODS = '/api/v1/namespaces/shop/pods';
const pod = (name: string, rest: object = {}) => ({ metadata: { name, namespace: 'shop' }, ...rest });

async function start(t: ExecutionContext) {
  const api = await startFakeApi();
  t.teardown(api.close);
  return { api, client: createKubernetesClient(api.kubeConfig) };
}

async function errorOf(promise: Promise<unknown>): Promise<KubernetesError> {
  const error = await promise.then(
    () => new Error('resolved'),
    (reason) => reason,
  );
  if (error instanceof KubernetesError) return error;
  throw error;
}

test('creates, reads, patches, replaces and deletes an object', async (t) => {
  const { client } = await start(t);
  const created = await client.create<KubernetesObject>(PODS, pod('web'));
  t.is(created.metadata.name, 'web');
  const ref = { name: 'web', namespace: 'shop' };
  await client.patch(PODS, ref, { metadata: { labels: { app: 'web' } } });
  const read = await client.get<KubernetesObject>(PODS, ref);
  t.deepEqual(read.metadata.labels, { app: 'web' });
  await client.replace(PODS, { ...read, metadata: { ...read.metadata, labels: { app: 'other' } } });
  t.deepEqual((await client.get<KubernetesObject>(PODS, ref)).metadata.labels, { app: 'other' });
  await client.delete(PODS, ref);
  t.true(isNotFound(await errorOf(client.get(PODS, ref))));
  await t.notThrowsAsync(client.delete(PODS, ref), 'deleting what is gone is no error');
});

test('knows the path of core, grouped, cluster-wide and sub resources', async (t) => {
  const { api, client } = await start(t);
  await client.list(DEPLOYMENTS, { namespace: 'shop', labelSelector: 'a=b' });
  await client.list(NAMESPACES);
  await errorOf(
    client.patch(INTERCEPTS, { name: 'x', namespace: 'shop' }, {}, { subresource: 'status', dryRun: true }),
  );
  t.deepEqual(api.requests, [
    'GET /apis/apps/v1/namespaces/shop/deployments?labelSelector=a%3Db&limit=500',
    'GET /api/v1/namespaces?limit=500',
    'PATCH /apis/kubectl-tp.dev/v1alpha1/namespaces/shop/intercepts/x/status?dryRun=All&fieldManager=kubectl-tp',
  ]);
});

test('reads long lists in pages', async (t) => {
  const { api, client } = await start(t);
  for (let index = 0; index < 1201; index += 1) api.put(SHOP_PODS, pod(`p${index}`));
  t.is((await client.list(PODS, { namespace: 'shop' })).length, 1201);
  t.is(api.requests.length, 3);
});

test("refusals carry the API's status and reason", async (t) => {
  const { api, client } = await start(t);
  await client.create(PODS, pod('web'));
  t.true(isAlreadyExists(await errorOf(client.create(PODS, pod('web')))));
  const read = await client.get<KubernetesObject>(PODS, { name: 'web', namespace: 'shop' });
  await client.patch(PODS, { name: 'web', namespace: 'shop' }, { metadata: { labels: { a: 'b' } } });
  t.true(isConflict(await errorOf(client.replace(PODS, read))));
  api.intercept = (_request, response) => {
    refuse(response, 403, 'Forbidden', 'pods is forbidden: User "bob" cannot list');
    return true;
  };
  const forbidden = await errorOf(client.list(PODS));
  t.true(isForbidden(forbidden));
  t.is(forbidden.code, 'KUBERNETES_REFUSED');
  t.regex(forbidden.message, /User "bob" cannot list/);
});

test('a page of a proxy instead of JSON is told as what it is', async (t) => {
  const { api, client } = await start(t);
  let status = 200;
  api.intercept = (_request, response) => {
    response.writeHead(status).end('<html>Please log in</html>');
    return true;
  };
  t.is((await errorOf(client.list(PODS))).code, 'KUBERNETES_ANSWER_INVALID');
  status = 502;
  const error = await errorOf(client.list(PODS));
  t.is(error.status, 502);
  t.regex(error.message, /Please log in/);
});

test('nobody there: unreachable, with the server in the message', async (t) => {
  const { api, client } = await start(t);
  await api.close();
  const error = await errorOf(client.list(PODS));
  t.true(isUnreachable(error));
  t.regex(error.message, new RegExp(`localhost:${api.port}`));
});

test('a read is sent again when the kept-alive connection was closed meanwhile', async (t) => {
  const { api, client } = await start(t);
  let cuts = 0;
  api.intercept = (request) => {
    if (cuts > 0) return false;
    cuts += 1;
    request.socket.destroy();
    return true;
  };
  t.deepEqual(await client.list(PODS), []);
  t.is(cuts, 1);
});

test('a write whose connection breaks is not repeated', async (t) => {
  const { api, client } = await start(t);
  api.intercept = (request) => {
    request.socket.destroy();
    return true;
  };
  t.true(isUnreachable(await errorOf(client.create(PODS, pod('web')))));
  t.is(api.requests.length, 1);
});

test('an answer that breaks off in the middle is no answer', async (t) => {
  const { api, client } = await start(t);
  api.intercept = (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('{"items":[');
    setImmediate(() => response.destroy());
    return true;
  };
  t.true(isUnreachable(await errorOf(client.list(PODS))));
});

test("the signal ends a request, with the signal's reason", async (t) => {
  const { api, client } = await start(t);
  const arrived = Promise.withResolvers<void>();
  api.intercept = () => {
    arrived.resolve();
    return true;
  };
  const stop = new AbortController();
  const request = client.get(PODS, { name: 'x', namespace: 'shop' }, { signal: stop.signal });
  await arrived.promise;
  stop.abort(new Error('enough'));
  await t.throwsAsync(request, { message: 'enough' });
});

test('a login program that fails is told with its own words', async (t) => {
  const kubeConfig = new KubeConfig();
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', 'echo no ticket >&2; exit 1'],
  };
  kubeConfig.loadFromClusterAndUser(
    { name: 'c', server: 'https://localhost:1', skipTLSVerify: false },
    { name: 'u', exec },
  );
  const error = await errorOf(createKubernetesClient(kubeConfig).list(PODS));
  t.is(error.code, 'KUBERNETES_CREDENTIALS');
  t.regex(error.message, /no ticket/);
});

test('connections are kept alive', async (t) => {
  const { api, client } = await start(t);
  const sockets = new Set<unknown>();
  api.intercept = (request) => {
    sockets.add(request.socket);
    return false;
  };
  for (let index = 0; index < 5; index += 1) await client.list(PODS);
  t.is(sockets.size, 1);
});

test('a kubeconfig without a cluster is refused at once', (t) => {
  const error = t.throws(() => createKubernetesClient(new KubeConfig()));
  t.is((error as { code?: string }).code, 'KUBE_CONFIG_INVALID');
});

test('after a change of the way watches resume at once, by connections of their own', async (t) => {
  const { api, client } = await start(t);
  let sockets = new Set<unknown>();
  api.intercept = (request) => {
    sockets.add(request.socket);
    return false;
  };
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const events = client.watch(PODS, { signal: stop.signal })[Symbol.asyncIterator]();
  t.is((await events.next()).value?.type, 'listed');
  const changed = events.next();
  await waitFor('a watch', () => api.watches.size === 1);
  await client.list(PODS);
  const [watches, before] = [new Set(api.watches), sockets];
  sockets = new Set();

  client.connectAnew();
  await client.list(PODS);
  await waitFor('another watch', () => [...api.watches].some((watch) => !watches.has(watch)));
  t.false([...sockets].some((socket) => before.has(socket)));
  api.put(SHOP_PODS, pod('a'));
  t.is((await changed).value?.type, 'changed');
});
