// Whose an address is, and who may go there: the cluster as data, rights as a function.

import test, { type ExecutionContext } from 'ava';
import { buildAddressIndex } from '../../../control-plane/src/reach/address-index.ts';
import { createJudge } from '../../../control-plane/src/reach/judge.ts';
import type { ReachAnswer } from '../../../control-plane/src/reach/question.ts';
import { parsePod, type RawPod } from '../../../control-plane/src/state/parse-pod.ts';
import { parseService, type RawService } from '../../../control-plane/src/state/parse-service.ts';
import { buildState, type StateWords } from '../../fixtures/cluster-state.ts';

const INSTALL = 'kubectl-tp';
const CLUSTER: StateWords = {
  services: [
    { namespace: 'shop', name: 'orders', clusterIps: ['10.1.0.1', 'FD00:1:0::1'] },
    { namespace: 'shop', name: 'headless', headless: true },
    { namespace: 'billing', name: 'invoices', clusterIps: ['10.1.0.2'] },
    { namespace: 'default', name: 'kubernetes', clusterIps: ['10.1.0.254'] },
    { namespace: 'default', name: 'web', clusterIps: ['10.1.0.3'] },
    { namespace: INSTALL, name: 'tp-control-plane', clusterIps: ['10.1.0.4'] },
  ],
  pods: [
    {
      namespace: 'shop',
      name: 'orders-1',
      ip: '10.0.0.1',
      otherIps: ['fd00::1'],
      hostIps: ['192.168.1.1', 'fd00:9::1'],
    },
    { namespace: 'billing', name: 'invoices-1', ip: '10.0.0.2' },
    { namespace: 'shop', name: 'ended-1', ip: '10.0.0.3', terminating: true },
    { namespace: 'billing', name: 'successor-1', ip: '10.0.0.3' },
    { namespace: 'shop', name: 'exporter-1', ip: '192.168.1.2', hostNetwork: true, otherIps: ['fd00:9::2'] },
    { namespace: 'shop', name: 'liar-1', ip: '192.168.1.1' },
    { namespace: INSTALL, name: 'tp-relay-1', ip: '10.0.0.9' },
    { namespace: 'shop', name: 'pending-1', ip: null },
  ],
};

/** Alice may see every namespace but `billing`, those included that are closed to everybody. */
function createTestJudge(words: StateWords = CLUSTER) {
  const asked: string[] = [];
  const state = buildState({
    sessions: [
      { name: 's', owner: 'alice' },
      { name: 'ownerless', owner: null },
    ],
    ...words,
  });
  const judge = createJudge({
    read: () => state,
    installNamespace: INSTALL,
    async mayGetServices({ user, groups }, namespace) {
      asked.push(`${user}/${groups.join()}/${namespace}`);
      return namespace !== 'billing';
    },
  });
  return { judge, asked };
}

const judged = test.macro(async (t: ExecutionContext, address: string, expected: string, session: string = 's') => {
  const answer: ReachAnswer = await createTestJudge().judge({ session, address });
  t.is(answer.allowed ? 'allowed' : answer.reason, expected);
});
test('a Service', judged, '10.1.0.1', 'allowed');
test('a Service, in its other family', judged, 'fd00:1::1', 'allowed');
test('a Service, in another spelling', judged, '::ffff:10.1.0.1', 'allowed');
test('a pod', judged, '10.0.0.1', 'allowed');
test('a pod, in its other family', judged, 'fd00::1', 'allowed');
test('a Service of another namespace', judged, '10.1.0.2', 'forbidden');
test('a pod of another namespace', judged, '10.0.0.2', 'forbidden');
test('an address that two namespaces share', judged, '10.0.0.3', 'forbidden');
test('the address of a node', judged, '192.168.1.1', 'closed');
test('the address of a node, in its other family', judged, 'fd00:9::1', 'closed');
test('a pod with the network of its node', judged, '192.168.1.2', 'closed');
test('a pod with the network of its node, in its other family', judged, 'fd00:9::2', 'closed');
test('the API server', judged, '10.1.0.254', 'allowed');
test('another Service beside the API server', judged, '10.1.0.3', 'allowed');
test('a relay', judged, '10.0.0.9', 'closed');
test('the control plane', judged, '10.1.0.4', 'closed');
test('metadata of the cloud', judged, '169.254.169.254', 'closed');
test('metadata of the cloud, mapped', judged, '::ffff:a9fe:a9fe', 'closed');
test('an address outside of the cluster', judged, '8.8.8.8', 'unknown');
test('no address', judged, 'orders.shop.svc', 'malformed');
test('None of a headless Service', judged, 'None', 'malformed');
test('a session that has ended', judged, '10.0.0.1', 'no-session', 'gone');
test('a session without owner', judged, '10.0.0.1', 'no-session', 'ownerless');

test('rights are asked for the owner, his groups, and the namespaces of the address alone', async (t) => {
  const { judge, asked } = createTestJudge();
  await judge({ session: 's', address: '10.0.0.3' });
  t.deepEqual(asked.toSorted(), ['alice//billing', 'alice//shop']);
  await judge({ session: 's', address: '192.168.1.1' });
  await judge({ session: 's', address: '8.8.8.8' });
  t.is(asked.length, 2);
});

test('the groups of a session count', async (t) => {
  const state = buildState({ ...CLUSTER, sessions: [{ name: 's', owner: 'alice' }] });
  const [session] = state.sessions.values();
  if (session !== undefined) session.spec.ownerGroups = ['developers', 'system:authenticated'];
  const asked: (readonly string[])[] = [];
  const mayGetServices = async ({ groups }: { groups: readonly string[] }) => asked.push(groups) > 0;
  await createJudge({ read: () => state, installNamespace: INSTALL, mayGetServices })({
    session: 's',
    address: '10.0.0.1',
  });
  t.deepEqual(asked, [['developers', 'system:authenticated']]);
});

test('a right that cannot be found out is no right', async (t) => {
  const state = buildState({ ...CLUSTER, sessions: [{ name: 's', owner: 'alice' }] });
  const mayGetServices = () => Promise.reject(new Error('away'));
  const judge = createJudge({ read: () => state, installNamespace: INSTALL, mayGetServices });
  await t.throwsAsync(judge({ session: 's', address: '10.0.0.1' }), { message: 'away' });
});

test('a pod that comes is found, one that goes is not', async (t) => {
  let state = buildState({ sessions: [{ name: 's', owner: 'alice' }] });
  const judge = createJudge({ read: () => state, installNamespace: INSTALL, mayGetServices: async () => true });
  const question = { session: 's', address: '10.0.0.1' };
  t.deepEqual(await judge(question), { allowed: false, reason: 'unknown' });
  const { pods } = buildState({ pods: [{ name: 'a-1', ip: '10.0.0.1' }] });
  state = { ...state, pods };
  t.deepEqual(await judge(question), { allowed: true });
  const { services } = buildState({ services: [{ name: 'a', namespace: INSTALL, clusterIps: ['10.0.0.1'] }] });
  state = { ...state, services };
  t.deepEqual(await judge(question), { allowed: false, reason: 'closed' });
  state = { ...state, pods: new Map(), services: new Map() };
  t.deepEqual(await judge(question), { allowed: false, reason: 'unknown' });
});

const addressesOf = (pods: RawPod[], services: RawService[]) => {
  const keyed = <T extends { name: string }>(all: T[]) => new Map(all.map((each) => [each.name, each]));
  return buildAddressIndex({ pods: keyed(pods.map(parsePod)), services: keyed(services.map(parseService)) }, INSTALL);
};

test('Services as the API server has them: no address where there is none', (t) => {
  const service = (name: string, spec: RawService['spec']) => ({
    metadata: { name, namespace: 'shop' },
    ...(spec && { spec }),
  });
  const index = addressesOf(
    [],
    [
      service('both', { clusterIP: '10.1.0.1', clusterIPs: ['10.1.0.1', 'fd00:1::1'] }),
      service('old', { clusterIP: '10.1.0.2' }),
      service('headless', { clusterIP: 'None', clusterIPs: ['None'] }),
      service('named', { type: 'ExternalName', clusterIP: '10.1.0.3', clusterIPs: ['10.1.0.3'] }),
      service('empty', { clusterIP: '' }),
      service('bare', undefined),
    ],
  );
  t.deepEqual(
    [...index],
    [
      ['10.1.0.1', ['shop']],
      ['fd00:1::1', ['shop']],
      ['10.1.0.2', ['shop']],
    ],
  );
});

test('external and load balancer addresses, which an owner of a Service may choose, open nothing', (t) => {
  const spec = { clusterIP: '10.1.0.1', externalIPs: ['192.168.1.1'], loadBalancerIP: '192.168.1.2' };
  const status = { loadBalancer: { ingress: [{ ip: '192.168.1.3' }] } };
  const index = addressesOf([], [{ metadata: { name: 'x', namespace: 'shop' }, spec, status } as RawService]);
  t.deepEqual([...index.keys()], ['10.1.0.1']);
});

test('pods as the API server has them: all families, nodes closed', (t) => {
  const pod = (name: string, status: RawPod['status'], spec = {}) => ({
    metadata: { name, namespace: 'shop' },
    ...{ spec, ...(status && { status }) },
  });
  const index = addressesOf(
    [
      pod('both', { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], hostIP: '192.168.1.1' }),
      pod('node', { podIP: '192.168.1.2', podIPs: [{ ip: '192.168.1.2' }] }, { hostNetwork: true }),
      pod('nodes', { hostIPs: [{ ip: '192.168.1.3' }, { ip: 'fd00:9::3' }] }),
      pod('unscheduled', undefined),
    ],
    [],
  );
  t.deepEqual(Object.fromEntries(index), {
    '10.0.0.1': ['shop'],
    'fd00::1': ['shop'],
    '192.168.1.1': 'closed',
    '192.168.1.2': 'closed',
    '192.168.1.3': 'closed',
    'fd00:9::3': 'closed',
  });
});
