import test from 'ava';
import type { AgentConfig, AgentPort, InterceptRoute } from '../../../xds/src/ir/agent-config.ts';
import { normalizeAgentConfig } from '../../../xds/src/ir/normalize.ts';
import { MAX_INTERCEPTS_PER_PORT, MAX_PORTS, validateAgentConfig } from '../../../xds/src/ir/validate.ts';

const TUNNEL = { session: 's1', peerName: 's1.session.tp', relays: [] };

const buildIntercept = (n: number): InterceptRoute => ({
  id: `team-a/i${n}`,
  session: 's1',
  serverName: `i${n}.team-a.s1.session.tp`,
  headers: [],
  fallback: 'pod',
});

const buildPort = (n: number, intercepts: InterceptRoute[] = []): AgentPort => ({
  appPort: 8000 + n,
  agentPort: 15000 + n,
  mode: 'http',
  intercepts,
});

const buildConfig = (ports: AgentPort[]): AgentConfig => ({
  node: 'team-a/orders-0',
  podIp: '10.0.0.7',
  ports,
  tunnels: [TUNNEL],
});

test('one intercept too many is left out, and the others stay', (t) => {
  const intercepts = Array.from({ length: MAX_INTERCEPTS_PER_PORT + 1 }, (_, n) => buildIntercept(n));
  const config = buildConfig([buildPort(0, intercepts)]);
  const [problem, ...others] = validateAgentConfig(config);
  t.like(problem, { subject: 'intercept', name: `team-a/i${MAX_INTERCEPTS_PER_PORT}` });
  t.deepEqual(others, []);
  t.deepEqual(normalizeAgentConfig(config).ports[0]?.intercepts, intercepts.slice(0, -1));
});

test('one port too many is left out, and the others stay', (t) => {
  const ports = Array.from({ length: MAX_PORTS + 1 }, (_, n) => buildPort(n));
  const config = buildConfig(ports);
  const [problem, ...others] = validateAgentConfig(config);
  t.like(problem, { subject: 'port', name: String(8000 + MAX_PORTS) });
  t.deepEqual(others, []);
  t.deepEqual(normalizeAgentConfig(config).ports, ports.slice(0, -1));
});
