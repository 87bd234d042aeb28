// A real agent on loopback: Envoy with our bootstrap, and our discovery server with what the translator makes.

import { once } from 'node:events';
import net from 'node:net';
import { createSnapshotCache } from '../../../../xds/src/cache/snapshot-cache.ts';
import type { AgentConfig, AgentCredentials } from '../../../../xds/src/ir/agent-config.ts';
import { createDiscoveryServer, type DiscoveryServer } from '../../../../xds/src/server/grpc-server.ts';
import { buildAgentResources } from '../../../../xds/src/translator/translate.ts';
import { closedPort } from '../../../helpers/loopback.ts';
import { startEnvoy } from '../../../helpers/run-envoy.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import type { TestAuthority } from './test-authority.ts';

export const NODE = 'team-a/orders-0';
const TOKEN = 'token-of-orders-0';

export type TestAgent = {
  readonly agentPort: number;
  /** Sends the configuration and waits until Envoy has acknowledged all of it. */
  apply(config: AgentConfig): Promise<void>;
  readonly rejections: string[];
  stats(filter: string): Promise<Record<string, number>>;
  readonly isRunning: boolean;
  startControlPlane(): Promise<void>;
  /** Nobody answers on its port, until the agent has tried in vain this often. */
  stopControlPlane(attempts: number): Promise<void>;
  /** Resolves when Envoy's stream is there. */
  connected(): Promise<void>;
  close(): Promise<void>;
};

export type TestAgentOptions = {
  readonly authority: TestAuthority;
  readonly appPort: number;
  readonly controlPlane?: 'started' | 'absent';
  readonly podIp?: string;
  readonly ipv6?: boolean;
};

export async function startAgent(options: TestAgentOptions): Promise<TestAgent> {
  const { authority, appPort, podIp = '127.0.0.1', ipv6 = false } = options;
  const agentPort = await closedPort();
  const controlPlanePort = await closedPort();
  const credentials = await issueCredentials(authority);
  const identity = await authority.issue({ type: 'dns', value: 'localhost' });
  const cache = createSnapshotCache();
  const rejections: string[] = [];
  let acknowledged = '';
  let isConnected = false;
  let server: DiscoveryServer | undefined;
  let applied = 0;

  async function startControlPlane(): Promise<void> {
    server = createDiscoveryServer({
      cache,
      identity,
      authenticate: async (token) =>
        token === TOKEN ? { ok: true, node: NODE, instance: '' } : { ok: false, reason: `token ${token}` },
      onAgent: (event) => {
        if (event.kind === 'acknowledged') acknowledged = event.tag;
        if (event.kind === 'rejected') rejections.push(`${event.type} ${event.names}: ${event.message}`);
        if (event.kind === 'refused') rejections.push(`refused: ${event.detail}`);
        if (event.kind === 'connected') isConnected = true;
        if (event.kind === 'disconnected') isConnected = false;
      },
    });
    await server.listen(controlPlanePort, '127.0.0.1');
  }

  async function apply(config: AgentConfig): Promise<void> {
    const tag = String(++applied);
    cache.setSnapshot(NODE, buildAgentResources(config, credentials), tag);
    await waitFor(
      () =>
        `acknowledgement; rejected: ${rejections.join('; ')}; Envoy ${envoy.isRunning ? 'runs' : 'has ended'}: ${envoy.log()}`,
      () => acknowledged === tag,
    );
  }

  const envoy = await startEnvoy({
    node: NODE,
    token: TOKEN,
    podIp,
    bootstrap: {
      ports: [{ appPort, agentPort }],
      controlPlane: { host: 'localhost', port: controlPlanePort, authority: authority.pem },
      ipv6,
    },
  });
  if (options.controlPlane !== 'absent') await startControlPlane();
  await waitFor(
    () => `Envoy: ${envoy.log()}`,
    async () => (await envoy.admin('/ready')).startsWith('LIVE'),
  );

  return {
    agentPort,
    apply,
    rejections,
    stats: async (filter) => parseStats(await envoy.admin(`/stats?filter=${encodeURIComponent(filter)}`)),
    get isRunning() {
      return envoy.isRunning;
    },
    startControlPlane,
    stopControlPlane: async (attempts) => {
      await server?.close();
      isConnected = false;
      await hangUpOn(controlPlanePort, attempts);
    },
    async connected() {
      await waitFor('a stream', () => isConnected);
    },
    close: async () => {
      await Promise.all([envoy.close(), server?.close()]);
    },
  };
}

async function issueCredentials(authority: TestAuthority): Promise<AgentCredentials> {
  const issued = await authority.issue({ type: 'url', value: 'spiffe://tp/ns/team-a/pod/orders-0' });
  return { ...issued, authority: authority.pem };
}

function parseStats(text: string): Record<string, number> {
  const lines = text.split('\n').map((line) => /^(.*): (\d+)$/.exec(line));
  return Object.fromEntries(lines.filter((match) => match !== null).map(([, name, value]) => [name, Number(value)]));
}

/** Takes connections and ends them, so that a test can count them. */
async function hangUpOn(port: number, attempts: number): Promise<void> {
  const server = net.createServer((socket) => socket.on('error', () => socket.destroy()).destroy());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  for (let n = 0; n < attempts; n++) await once(server, 'connection');
  server.close();
  await once(server, 'close');
}
