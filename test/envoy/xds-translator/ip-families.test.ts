// Pods with IPv6 addresses, alone or beside IPv4.

import http from 'node:http';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { waitFor } from '../../helpers/wait-for.ts';
import { startAgent, type TestAgent } from './helpers/agent.ts';
import { startApplication } from './helpers/application.ts';
import { buildConfig } from './helpers/configs.ts';
import { createTestAuthority } from './helpers/test-authority.ts';

test('a pod of both families is reached by both, before the control plane and with it', async (t) => {
  const { agent, appPort } = await startPod(t, '127.0.0.1');
  t.deepEqual(await askBoth(agent), ['pod', 'pod']);
  await agent.apply(buildConfig({ agentPort: agent.agentPort, appPort }));
  await waitFor(
    'the connection manager on the IPv4 address',
    async () => (await countRequests(agent, '127.0.0.1')) > 0,
  );
  t.deepEqual(await askBoth(agent), ['pod', 'pod']);
});

test('a pod with IPv6 alone is reached, and its requests are read', async (t) => {
  const { agent, appPort } = await startPod(t, '::1');
  t.is(await ask('::1', agent.agentPort), 'pod');
  await agent.apply({ ...buildConfig({ agentPort: agent.agentPort, appPort }), podIp: '::1' });
  await waitFor('the connection manager on the IPv6 address', async () => (await countRequests(agent, '::1')) > 0);
  t.deepEqual(agent.rejections, []);
});

async function startPod(t: ExecutionContext, podIp: string) {
  const pod = await startApplication('pod', { host: podIp });
  const agent = await startAgent({ authority: await createTestAuthority(), appPort: pod.port, podIp, ipv6: true });
  t.teardown(() => Promise.all([agent.close(), pod.close()]));
  return { agent, appPort: pod.port };
}

function askBoth({ agentPort }: TestAgent): Promise<string[]> {
  return Promise.all(['127.0.0.1', '::1'].map((host) => ask(host, agentPort)));
}

function ask(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port, agent: false }, (response) => resolve(text(response)));
    request.on('error', reject);
  });
}

/** How many the connection manager has read after one more. */
async function countRequests({ agentPort, stats }: TestAgent, host: string): Promise<number> {
  await ask(host, agentPort);
  const counters = await stats('^http.in/[0-9]+.downstream_rq_total');
  return Object.values(counters).reduce((sum, count) => sum + count, 0);
}
