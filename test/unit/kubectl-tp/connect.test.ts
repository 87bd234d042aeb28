// What is given back when a network of the cluster is left, whatever goes wrong meanwhile. The cluster is this process.

import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { decode, encode } from 'dns-packet';
import { NAMESPACES } from '../../../control-plane/src/api/index.ts';
import type { ConnectRequest } from '../../../kubectl-tp/src/ipc/network-messages.ts';
import type { Outbound } from '../../../kubectl-tp/src/outbound/outbound.ts';
import { createSharedOutbound } from '../../../kubectl-tp/src/outbound/shared-outbound.ts';
import type { LiveSession } from '../../../kubectl-tp/src/session/live-session.ts';
import { connect } from '../../../kubectl-tp/src/session/networks/connect.ts';
import { createNetworkList } from '../../../kubectl-tp/src/session/networks/network-list.ts';
import type { Session } from '../../../kubectl-tp/src/session/session.ts';
import { createBell } from '../../../kubectl-tp/src/waiting/bell.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { createTestDialer } from '../../helpers/test-dialer.ts';

const REQUEST: ConnectRequest = {
  namespace: 'shop',
  entry: { kind: 'proxy', host: '127.0.0.1', port: 0 },
  timeoutMs: 10_000,
};

test('a way in that does not close keeps no tunnels', async (t) => {
  const kubernetes = createMemoryKubernetes();
  kubernetes.put(NAMESPACES, { metadata: { name: 'shop' } });
  const live = buildLive();
  const session = { open: async () => live, cluster: { client: kubernetes.client }, installNamespace: 'kubectl-tp' };
  const tools = { signal: new AbortController().signal, progress: () => undefined };
  const connected = await connect(session as unknown as Session, REQUEST, tools, async () => ({
    result: {},
    close: () => Promise.reject(new Error('it is stuck')),
  }));
  t.truthy(live.outbound.current);
  await t.throwsAsync(connected.leave(), { message: 'it is stuck' });
  t.is(live.outbound.current, undefined);
  t.deepEqual(live.networks.all(), []);
});

test('a network that can not be joined is waited for no longer', async (t) => {
  // Without the namespace.
  const { client } = createMemoryKubernetes();
  let looks = 0;
  const live = buildLive(() => {
    looks += 1;
    return [];
  });
  const session = { open: async () => live, cluster: { client }, installNamespace: 'kubectl-tp' };
  const tools = { signal: new AbortController().signal, progress: () => undefined };
  const joining = connect(session as unknown as Session, REQUEST, tools, () => Promise.reject(new Error('not yet')));
  await t.throwsAsync(joining, { code: 'NAMESPACE_NOT_FOUND' });
  t.not(looks, 0);
  const before = looks;
  live.bell.ring();
  await nextTurn();
  t.is(looks, before);
});

const UP = () => [{ relay: 'relay-0', state: { name: 'up' } }];

function buildLive(status: () => object[] = UP): LiveSession {
  const outbound = {
    ...createTestDialer(),
    ask: async (question: Buffer) => {
      const { id = 0, questions = [] } = decode(question);
      const answers = questions.map(({ name }) => ({ type: 'A' as const, name, ttl: 5, data: '10.96.0.1' }));
      return encode({ id, type: 'response', questions, answers });
    },
    tunnels: { setRelays: () => undefined, status },
    close: async () => undefined,
  };
  return {
    identity: { session: 'me' },
    outbound: createSharedOutbound(() => outbound as unknown as Outbound),
    networks: createNetworkList(),
    ownServices: { add: () => undefined, find: () => undefined },
    bell: createBell(),
  } as unknown as LiveSession;
}
