// The real agent: Envoy with our configuration, through a real relay to a real laptop's tunnel.

import test, { type ExecutionContext } from 'ava';
import { LEASES } from '../../../control-plane/src/api/index.ts';
import type { AgentConnection } from '../../../kubectl-tp/src/tunnel/accept-agent.ts';
import type { Probe } from '../../../kubectl-tp/src/tunnel/tunnels.ts';
import { createTunnelRig, type TunnelRig } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { startAgent, type TestAgent } from '../xds-translator/helpers/agent.ts';
import { type Application, startApplication } from '../xds-translator/helpers/application.ts';
import { callHttp1, callHttp2, callWebSocket } from '../xds-translator/helpers/callers.ts';
import { buildConfig, INTERCEPT_ROUTE, MINE, SESSION } from '../xds-translator/helpers/configs.ts';
import { adaptAuthority } from './adapt-authority.ts';

const FRESH_CONNECTIONS = 2000;
const PARALLEL = 16;

type Scene = {
  rig: TunnelRig;
  pod: Application;
  local: Application;
  agent: TestAgent;
  port: number;
  probes: Probe[];
  connections: AgentConnection[];
};

async function setScene(t: ExecutionContext, relays = 1): Promise<Scene> {
  const pod = await startApplication('pod');
  const local = await startApplication('laptop');
  const probes: Probe[] = [];
  const connections: AgentConnection[] = [];
  const rig = await createTunnelRig(t, {
    relays,
    port: local.port,
    session: SESSION,
    laptop: { onProbe: (probe) => probes.push(probe), onConnection: (connection) => connections.push(connection) },
  });
  const agent = await startAgent({ authority: adaptAuthority(rig.authority), appPort: pod.port });
  t.teardown(async () => {
    await agent.close();
    await Promise.all([local.close(), pod.close()]);
  });
  await rig.up();
  await agent.apply(
    buildConfig({
      agentPort: agent.agentPort,
      appPort: pod.port,
      intercepts: [INTERCEPT_ROUTE],
      relays: rig.relays.map(({ ports }) => ports.agent),
    }),
  );
  await waitFor(
    'requests on the laptop',
    async () => (await callHttp1({ port: agent.agentPort, headers: MINE })).body === 'laptop',
  );
  return { rig, pod, local, agent, port: agent.agentPort, probes, connections };
}

test('HTTP/1.1, gRPC and WebSocket with the header reach the laptop, all else the pod', async (t) => {
  const { port, local } = await setScene(t);
  t.is((await callHttp1({ port })).body, 'pod');
  t.is((await callHttp1({ port, headers: MINE, method: 'POST', body: Buffer.alloc(3 << 20, 'x') })).body, 'laptop');
  const grpc = await callHttp2({ port, headers: { ...MINE, 'x-id': 'grpc' }, method: 'POST', body: Buffer.from('hi') });
  t.like(grpc, { status: 200, body: 'laptop', trailers: { 'grpc-status': '0' } });
  t.is(local.hitsOf('grpc')[0]?.protocol, 'h2');
  t.is(await callWebSocket({ port, headers: MINE }, 'hello'), 'laptop:hello');
});

test('a probe shows which pod reaches the laptop, without a connection to the application', async (t) => {
  const { probes, local } = await setScene(t);
  const [before, accepted] = [probes.length, local.accepted];
  // There is one every ten seconds.
  await waitFor('the next probe', () => probes.length > before);
  t.deepEqual(probes.at(-1), { namespace: 'team-a', intercept: 'orders-me', pod: 'orders-0' });
  t.is(local.accepted, accepted);
});

test(`${FRESH_CONNECTIONS} fresh connections all reach the laptop`, async (t) => {
  const { port } = await setScene(t);
  const bodies = new Map<string, number>();
  let left = FRESH_CONNECTIONS;
  const caller = async () => {
    while (left-- > 0) {
      const { body } = await callHttp1({ port, headers: MINE });
      bodies.set(body, (bodies.get(body) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, caller));
  t.deepEqual([...bodies], [['laptop', FRESH_CONNECTIONS]]);
});

test('with nobody on the local port the agent sees a failed connection and the pod answers', async (t) => {
  const { port, local, agent, connections } = await setScene(t);
  await local.close();
  const before = await agent.stats('upstream_cx_connect_fail');
  const answer = await callHttp1({ port, headers: MINE, method: 'POST', body: Buffer.alloc(1 << 20, 'x') });
  t.like(answer, { status: 200, body: 'pod' });
  const after = await agent.stats('upstream_cx_connect_fail');
  const sum = (stats: Record<string, number>) => Object.values(stats).reduce((total, value) => total + value, 0);
  t.true(sum(after) > sum(before));
  t.is(connections.at(-1)?.outcome, 'local-port-closed');
});

test('of two relays one ends in good order while requests go on: none fails', async (t) => {
  const { port, rig, agent, pod } = await setScene(t, 2);
  const answers: string[] = [];
  let isOver = false;
  const caller = async () => {
    while (!isOver) answers.push((await callHttp1({ port, headers: MINE })).body);
  };
  const callers = Array.from({ length: 4 }, caller);
  await waitFor('some answers', () => answers.length > 50);
  const [leaving, staying] = rig.relays;
  const ended = leaving?.end();
  await waitFor('its Lease is gone', () => rig.kubernetes.find(LEASES, `${SESSION}.relay-0`) === undefined);
  await agent.apply(
    buildConfig({
      agentPort: agent.agentPort,
      appPort: pod.port,
      intercepts: [INTERCEPT_ROUTE],
      relays: [staying?.ports.agent ?? 0],
    }),
  );
  await ended;
  const atEnd = answers.length;
  await waitFor('some more answers', () => answers.length > atEnd + 50);
  isOver = true;
  await Promise.all(callers);
  t.deepEqual([...new Set(answers)], ['laptop']);
});
