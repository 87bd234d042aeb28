import test, { type ExecutionContext } from 'ava';
import { createKubernetesClient } from '../../../control-plane/src/kubernetes/index.ts';
import { createObjectMap } from '../../../control-plane/src/state/object-map.ts';
import { parsePod } from '../../../control-plane/src/state/parse-pod.ts';
import { buildTunnels, findReplicas } from '../../../control-plane/src/state/tunnels.ts';
import { createWatchedState } from '../../../control-plane/src/state/watched-state.ts';
import { type FakeApi, startFakeApi } from '../../helpers/fake-api.ts';
import {
  fillShop,
  INSTALL,
  LEASES_PATH,
  leaseObject,
  PODS_PATH,
  podObject,
  relayPodObject,
} from '../../helpers/shop.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const RELAY = parsePod(relayPodObject());
const LEASE = { session: 's', relay: 'relay-1', expiresAtMs: 100 };
const tunnels = (pod = RELAY, lease = LEASE, nowMs = 99) =>
  buildTunnels([lease], new Map([[`${INSTALL}/${pod.name}`, pod]]), { installNamespace: INSTALL, nowMs }).get('s');

test('a tunnel: a fresh Lease of a ready relay pod, at the address of the pod', (t) => {
  t.deepEqual(tunnels(), [{ pod: 'relay-1', address: '10.0.0.9', port: 8443 }]);
});

const noTunnel = test.macro((t, ...words: Parameters<typeof tunnels>) => t.is(tunnels(...words), undefined));
test('no tunnel: expired', noTunnel, RELAY, LEASE, 100);
test('no tunnel: not ready', noTunnel, { ...RELAY, ready: false });
test('no tunnel: terminating', noTunnel, { ...RELAY, terminating: true });
test('no tunnel: a pod that is no relay', noTunnel, { ...RELAY, labels: {} });
test('no tunnel: a pod of another namespace', noTunnel, { ...RELAY, name: 'other' });

test('replicas are the pods of the control plane that are not ending', (t) => {
  const labels = { 'app.kubernetes.io/component': 'control-plane' };
  const pods = [
    { ...RELAY, name: 'a', labels },
    { ...RELAY, name: 'b', labels, terminating: true },
    { ...RELAY, name: 'c', labels, namespace: 'elsewhere' },
    RELAY,
  ];
  t.deepEqual(findReplicas(new Map(pods.map((pod) => [pod.name, pod])), INSTALL), new Set(['a']));
});

test('a map that readers hold never changes, and equal values are silence', (t) => {
  const map = createObjectMap<{ n: number }>();
  const entry = (key: string, n: number) => ({ key, value: { n } });
  t.true(map.apply({ type: 'listed', objects: [entry('a', 1)] }));
  const held = map.current;
  t.false(map.apply({ type: 'changed', object: entry('a', 1) }));
  t.is(map.current, held);
  t.true(map.apply({ type: 'changed', object: entry('b', 2) }));
  t.deepEqual([...held.keys()], ['a']);
  t.deepEqual([...map.current.keys()], ['a', 'b']);
  t.false(map.apply({ type: 'listed', objects: [entry('a', 1), entry('b', 2)] }));
  t.true(map.apply({ type: 'deleted', object: entry('a', 1) }));
  t.false(map.apply({ type: 'deleted', object: entry('a', 1) }));
  t.true(map.apply({ type: 'listed', objects: [] }));
  t.is(map.current.size, 0);
});

async function start(t: ExecutionContext, prepare: (api: FakeApi) => void = fillShop) {
  const api = await startFakeApi();
  prepare(api);
  const stop = new AbortController();
  const client = createKubernetesClient(api.kubeConfig);
  const troubles: string[] = [];
  const onTrouble = (watch: string) => troubles.push(watch);
  const state = createWatchedState({ client, installNamespace: INSTALL, now: Date.now, onTrouble });
  let calls = 0;
  state.subscribe(() => {
    calls += 1;
  });
  const ended = state.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await ended;
    await api.close();
  });
  return { api, state, troubles, calls: () => calls };
}

test('the first view has everything, and nobody hears of half of it', async (t) => {
  const { api, state, calls } = await start(t, (fake) => {
    fillShop(fake);
    fake.intercept = (_request, _response, path) => path.endsWith('/services');
  });
  await waitFor('the other lists', () => api.requests.filter((request) => request.includes('watch=true')).length === 8);
  t.false(state.isSynced);
  t.is(calls(), 0);
});

test('reads the same object until something has changed', async (t) => {
  const { api, state, calls } = await start(t);
  await waitFor('the first view', () => state.isSynced);
  const first = state.read();
  t.is(state.read(), first);
  t.deepEqual(
    [first.pods.size, first.services.size, first.workloads.size, first.sessions.size, first.tunnels.size],
    [2, 1, 1, 1, 1],
  );
  t.true(first.workloads.has('Deployment/shop/orders'));
  const before = calls();
  api.put(PODS_PATH, { ...podObject(), metadata: { ...podObject().metadata, annotations: { seen: 'x' } } });
  await waitFor('the change', () => calls() > before);
  t.not(state.read(), first);
  t.is(state.read().services, first.services, 'what has not changed stays the same object');
});

test('a renewed Lease is no news, a lost one is', async (t) => {
  const { api, state, calls } = await start(t);
  await waitFor('the first view', () => state.isSynced);
  const first = state.read();
  const before = calls();
  api.put(LEASES_PATH, leaseObject(Date.now() + 1000));
  api.put(LEASES_PATH, leaseObject(Date.now() + 2000));
  api.remove(LEASES_PATH, 'alice-1.relay-1');
  await waitFor('the loss', () => calls() > before);
  t.is(calls(), before + 1);
  t.is(first.tunnels.size, 1);
  t.is(state.read().tunnels.size, 0);
});

test('what agents hold enters the state; the same again is silence', async (t) => {
  const { state, calls } = await start(t);
  await waitFor('the first view', () => state.isSynced);
  const before = calls();
  const agent = { acknowledged: 'x', rejection: undefined };
  state.setAgent('shop/a', agent);
  state.setAgent('shop/a', { ...agent });
  t.is(calls(), before + 1);
  t.deepEqual(state.read().agents.get('shop/a'), agent);
  state.setAgent('shop/a', undefined);
  t.is(state.read().agents.size, 0);
});

test('a watch in trouble is named', async (t) => {
  const { api, state, troubles } = await start(t);
  await waitFor('the first view', () => state.isSynced);
  await waitFor('all watches', () => api.watches.size === 9);
  for (const watch of api.watches) watch.response.destroy();
  await waitFor('troubles', () => troubles.length >= 9);
  t.true(troubles.includes('leases'));
  await waitFor('all watches again', () => api.watches.size === 9);
  t.true(state.isSynced);
});
