// What is made once for all who need it, and that it is let go.

import test from 'ava';
import { RESOURCE_TYPES } from '../../../xds/src/resource-set.ts';
import { createMemo } from '../../../xds/src/translator/memo.ts';
import { buildAgentResources } from '../../../xds/src/translator/translate.ts';

test('equal input is worked on once', (t) => {
  let made = 0;
  const memo = createMemo<object>(10);
  const make = () => ({ number: ++made });
  t.is(memo('a', make), memo('a', make));
  t.not(memo('b', make), memo('a', make));
  t.is(made, 2);
});

test('what nobody asks for is let go, what is asked for stays', (t) => {
  const made: string[] = [];
  const memo = createMemo<string>(3);
  const make = (key: string) => {
    made.push(key);
    return key;
  };
  const ask = (key: string) => memo(key, () => make(key));
  ask('once');
  for (let round = 0; round < 20; round++) {
    ask('always');
    ask(`round ${round}`);
  }
  t.is(made.filter((key) => key === 'always').length, 1);
  ask('once');
  t.is(made.filter((key) => key === 'once').length, 2);
});

test('pods of one workload share everything but their address and their key', (t) => {
  const [first, second] = ['10.0.0.1', '10.0.0.2'].map((podIp) => buildPod(podIp));
  const own = RESOURCE_TYPES.flatMap((type) =>
    [...(first?.[type] ?? [])]
      .filter(([name, resource]) => second?.[type].get(name) !== resource)
      .map(([name]) => name),
  );
  t.deepEqual(own, ['app/8080', 'relays/team-a/me', 'agent', 'in/8080']);
  const waiting = [...(first?.cluster.values() ?? [])].filter(({ endpoints }) => endpoints !== undefined);
  t.deepEqual(
    waiting.map(({ name, endpoints }) => [name, endpoints]),
    [
      ['probe/team-a/me', ['probe/team-a/me']],
      ['tunnel-or-app/team-a/me', ['relays/team-a/me']],
    ],
  );
});

function buildPod(podIp: string) {
  const intercept = {
    id: 'team-a/me',
    session: 'alice-1',
    serverName: 'me.team-a.alice-1.session.tp',
    headers: [{ name: 'x-dev', value: 'me' }],
    fallback: 'pod' as const,
  };
  const config = {
    node: `team-a/${podIp}`,
    podIp,
    ports: [{ appPort: 8080, agentPort: 15_080, mode: 'http' as const, intercepts: [intercept] }],
    tunnels: [{ session: 'alice-1', peerName: 'alice-1.session.tp', relays: [{ address: '10.0.9.1', port: 8443 }] }],
  };
  return buildAgentResources(config, { certificateChain: podIp, privateKey: podIp, authority: 'authority' });
}
