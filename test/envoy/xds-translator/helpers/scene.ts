// The usual scene: a pod's application, its agent, and a developer's application behind a laptop.

import { once } from 'node:events';
import net from 'node:net';
import type { ExecutionContext } from 'ava';
import type { AgentPort, InterceptRoute } from '../../../../xds/src/ir/agent-config.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { startAgent, type TestAgent } from './agent.ts';
import { type Application, startApplication } from './application.ts';
import { buildConfig, INTERCEPT_ROUTE, PEER_NAME } from './configs.ts';
import { type Laptop, startLaptop } from './laptop.ts';
import { createTestAuthority } from './test-authority.ts';

export type Scene = {
  readonly pod: Application;
  readonly local: Application;
  readonly laptop: Laptop;
  readonly agent: TestAgent;
  /** Sends a mode, intercepts and relays; what is left out is http, one header intercept, one relay. */
  apply(change?: {
    mode?: AgentPort['mode'];
    intercepts?: readonly InterceptRoute[];
    relays?: readonly number[];
  }): Promise<void>;
  /** Nobody listens on the developer's port any more. */
  closeLocalPort(): Promise<void>;
};

export async function setScene(t: ExecutionContext): Promise<Scene> {
  const authority = await createTestAuthority();
  const pod = await startApplication('pod');
  const local = await startApplication('laptop');
  const laptop = await startLaptop(authority, PEER_NAME, () => local.port);
  const agent = await startAgent({ authority, appPort: pod.port });
  t.teardown(async () => {
    await agent.close();
    await Promise.all([laptop.close(), local.close(), pod.close()]);
  });
  return {
    pod,
    local,
    laptop,
    agent,
    apply: async ({ mode = 'http', intercepts = [INTERCEPT_ROUTE], relays = [laptop.port] } = {}) => {
      const ports = { agentPort: agent.agentPort, appPort: pod.port };
      await agent.apply(buildConfig({ ...ports, mode, intercepts, relays }));
      // An acknowledged filter chain takes its first connection a little later.
      if (mode === 'http') await waitFor('the connection manager', () => takesRequests(agent));
    },
    closeLocalPort: () => local.close(),
  };
}

/** Whether the next connection meets the connection manager. */
async function takesRequests({ agentPort, stats }: TestAgent): Promise<boolean> {
  const before = await countConnections(stats);
  const socket = net.connect(agentPort, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  return (await countConnections(stats)) > before;
}

async function countConnections(stats: TestAgent['stats']): Promise<number> {
  const counters = await stats('^http.in/[0-9]+.downstream_cx_total');
  return Object.values(counters).reduce((sum, count) => sum + count, 0);
}
