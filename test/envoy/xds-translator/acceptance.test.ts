import test from 'ava';
import fc from 'fast-check';
import { anyConfig } from '../../helpers/arbitrary-agent-config.ts';
import { startAgent } from './helpers/agent.ts';
import { startApplication } from './helpers/application.ts';
import { callHttp1 } from './helpers/callers.ts';
import { buildConfig } from './helpers/configs.ts';
import { createTestAuthority } from './helpers/test-authority.ts';

const RUNS = 40;
const AGENT_PORTS = new Set([15080, 15081]);
const isPort = (value: number) => Number.isInteger(value) && value > 0 && value < 65536;

test('Envoy takes whatever is left of any configuration', async (t) => {
  const pod = await startApplication('pod');
  const agent = await startAgent({ authority: await createTestAuthority(), appPort: pod.port });
  t.teardown(() => Promise.all([agent.close(), pod.close()]));
  const { podIp, ports } = buildConfig({ agentPort: agent.agentPort, appPort: pod.port });
  for (const config of fc.sample(anyConfig, { numRuns: RUNS, seed: 7 })) {
    // A port that another process happens to have is no fault of the configuration.
    const free = config.ports.filter(({ agentPort }) => AGENT_PORTS.has(agentPort) || !isPort(agentPort));
    await agent.apply({ ...config, podIp, ports: [...ports, ...free] });
  }
  t.deepEqual(agent.rejections, []);
  t.is((await callHttp1({ port: agent.agentPort })).body, 'pod');
});
