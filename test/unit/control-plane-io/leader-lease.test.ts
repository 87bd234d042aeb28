import test, { type ExecutionContext } from 'ava';
import { createKubernetesClient, type KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import { createLeaderLease } from '../../../control-plane/src/kubernetes/leader-lease.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { type FakeApi, refuse, startFakeApi } from './helpers/fake-api.ts';
import { INSTALL, LEASES_PATH } from './helpers/shop.ts';

/** Shorter than the real times, long enough for a busy machine. */
const TIMING = { durationMs: 2000, giveUpMs: 1500, renewIntervalMs: 100, lookIntervalMs: 50 };
type Lease = KubernetesObject & { spec: { holderIdentity: string; renewTime: string } };

async function start(t: ExecutionContext): Promise<FakeApi> {
  const api = await startFakeApi();
  t.teardown(api.close);
  return api;
}

function candidate(t: ExecutionContext, api: FakeApi, identity: string, timing = TIMING) {
  const stop = new AbortController();
  const changes: boolean[] = [];
  /** Whether it led, at each attempt that failed. */
  const troubles: boolean[] = [];
  const leader = createLeaderLease({
    client: createKubernetesClient(api.kubeConfig),
    namespace: INSTALL,
    name: 'lead',
    identity,
    now: Date.now,
    timing,
    onChange: (isLeader) => changes.push(isLeader),
    onTrouble: () => troubles.push(leader.isLeader),
  });
  const ended = leader.run(stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
  };
  t.teardown(end);
  return { leader, changes, troubles, end };
}

test('of two candidates one leads, and goes on leading', async (t) => {
  const api = await start(t);
  const [a, b] = [candidate(t, api, 'a'), candidate(t, api, 'b')];
  await waitFor('a leader', () => a.leader.isLeader || b.leader.isLeader);
  const renewals = () => api.requests.filter((request) => request.startsWith('PUT')).length;
  await waitFor('renewals', () => renewals() > 5);
  t.deepEqual([...a.changes, ...b.changes], [true]);
});

test('a leader that ends lets go, and the next takes over without waiting for the Lease to expire', async (t) => {
  const api = await start(t);
  // No test waits for this one to expire.
  const timing = { ...TIMING, durationMs: 3600_000 };
  const a = candidate(t, api, 'a', timing);
  await waitFor('a leads', () => a.leader.isLeader);
  const b = candidate(t, api, 'b', timing);
  await a.end();
  t.is(a.leader.isLeader, false);
  await waitFor('b leads', () => b.leader.isLeader);
  t.is(api.find<Lease>(LEASES_PATH, 'lead')?.spec.holderIdentity, 'b');
});

test('a leader that was killed is replaced when its Lease has not been renewed for long enough', async (t) => {
  const api = await start(t);
  const renewTime = new Date(Date.now() + 3600_000).toISOString();
  const spec = { holderIdentity: 'dead', renewTime, leaseDurationSeconds: TIMING.durationMs / 1000 };
  api.put(LEASES_PATH, { metadata: { name: 'lead', namespace: INSTALL }, spec } as never);
  const began = Date.now();
  const b = candidate(t, api, 'b');
  await waitFor('b leads', () => b.leader.isLeader, 5000);
  t.true(Date.now() - began >= TIMING.durationMs, 'whatever the clock of the dead one said');
});

test('a container that restarts in its pod goes on leading at once', async (t) => {
  const api = await start(t);
  const spec = { holderIdentity: 'a', renewTime: new Date().toISOString(), leaseDurationSeconds: 3600 };
  api.put(LEASES_PATH, { metadata: { name: 'lead', namespace: INSTALL }, spec } as never);
  const a = candidate(t, api, 'a');
  await waitFor('a leads', () => a.leader.isLeader);
  t.pass();
});

test('a leader that cannot renew stops leading by itself, and leads again when it can', async (t) => {
  const api = await start(t);
  const a = candidate(t, api, 'a');
  await waitFor('a leads', () => a.leader.isLeader);
  api.intercept = (_request, response) => {
    refuse(response, 500, 'InternalError', 'etcd is away');
    return true;
  };
  await waitFor('a leads no longer', () => !a.leader.isLeader, 5000);
  api.intercept = undefined;
  await waitFor('a leads again', () => a.leader.isLeader, 2000);
  t.deepEqual(a.changes, [true, false, true]);
});

test('a leader stops in time also while an attempt to renew hangs, whatever became of the one before', async (t) => {
  const api = await start(t);
  // The second attempt ends a second after the time to give up.
  const a = candidate(t, api, 'a', { ...TIMING, lookIntervalMs: 1000 });
  await waitFor('a leads', () => a.leader.isLeader);
  api.intercept = (_request, response) => {
    api.intercept = () => true;
    refuse(response, 500, 'InternalError', 'etcd is away');
    return true;
  };
  await waitFor('the second attempt has failed, too', () => a.troubles.length === 2, 10_000);
  t.deepEqual(a.troubles, [true, false]);
});

test('a leader that could not renew once tries again in time to go on leading', async (t) => {
  const api = await start(t);
  const a = candidate(t, api, 'a', { ...TIMING, giveUpMs: 2900, renewIntervalMs: 1500 });
  await waitFor('a leads', () => a.leader.isLeader);
  let renewals = 0;
  api.intercept = ({ method }, response) => {
    if (method !== 'PUT') return false;
    renewals += 1;
    if (renewals > 1) return false;
    refuse(response, 500, 'InternalError', 'etcd is away');
    return true;
  };
  await waitFor('another renewal', () => renewals > 1);
  t.deepEqual([a.changes, a.troubles], [[true], [true]]);
});
