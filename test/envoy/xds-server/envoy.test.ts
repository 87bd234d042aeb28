// The server and real Envoys: configuration, acknowledgement, refusal, loss and return of the server.

import { createServer, get } from 'node:http';
import { create, toBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import {
  type AgentConfig,
  type AgentEvent,
  createDiscoveryServer,
  createResourceSet,
  createSnapshotCache,
  RESOURCE_TYPES,
  type ResourceSet,
  type SnapshotCache,
} from '../../../xds/src/index.ts';
import { ClusterSchema } from '../../../xds/src/proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { buildAgentResources } from '../../../xds/src/translator/translate.ts';
import { closedPort, listen } from '../../helpers/loopback.ts';
import { type EnvoyOptions, startEnvoy } from '../../helpers/run-envoy.ts';
import { createTestCertificate } from '../../helpers/test-certificate.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const NODE = 'team-a/web-1';
const TOKEN = 'token-of-web-1';

const identity = await createTestCertificate('localhost');
const credentials = { ...identity, authority: identity.certificateChain };

test('an agent gets its configuration, acknowledges it and serves by it', async (t) => {
  const plane = await startControlPlane(t);
  const pod = await startPod(t, plane.port);
  plane.cache.setSnapshot(NODE, setFor(pod.config('http')), 'http');
  await plane.until('acknowledged', ({ tag }) => tag === 'http');
  t.is(await fetchText(pod.agentPort), 'from the pod');
  t.deepEqual(listNames(await pod.agent.admin('/config_dump')).sort(), [
    ...namesIn(setFor(pod.config('http')), ['cluster', 'listener', 'route']),
  ]);
});

test('intercepts come and go; sessions share endpoints, and no cluster waits for them', async (t) => {
  const plane = await startControlPlane(t);
  const pod = await startPod(t, plane.port);
  const startedAt = Date.now();
  for (const count of [0, 1, 2, 3, 2, 0, 1]) {
    const tag = `${count} intercepts after ${plane.events.length} events`;
    plane.cache.setSnapshot(NODE, setFor(pod.config('http', count)), tag);
    await plane.until('acknowledged', (event) => event.tag === tag);
    t.is(await fetchText(pod.agentPort), 'from the pod');
  }
  // Had one cluster waited for endpoints in vain, Envoy would have given up after 15 s.
  t.true(Date.now() - startedAt < 10_000);
  t.deepEqual(
    plane.events.filter(({ kind }) => kind === 'rejected'),
    [],
  );
  await waitFor('what was sent and nothing else', async () => {
    const names = listNames(await pod.agent.admin('/config_dump')).sort();
    return isEqual(names, namesIn(setFor(pod.config('http', 1)), ['cluster', 'listener', 'route']));
  });
});

test('a refused cluster is named once, its neighbours get in, and a good snapshot cures it', async (t) => {
  const plane = await startControlPlane(t);
  const pod = await startPod(t, plane.port);
  const good = setFor(pod.config('tcp'));
  plane.cache.setSnapshot(NODE, withClusters(good, { bad: -1n, neighbour: 1n }), 'bad');
  const { type, names, message } = await plane.until('rejected');
  t.deepEqual([type, names], ['cluster', ['bad']]);
  t.regex(message, /duration/i);
  await waitFor('the neighbour', async () => listNames(await pod.agent.admin('/config_dump')).includes('neighbour'));
  plane.cache.setSnapshot(NODE, withClusters(good, { bad: -1n, neighbour: 2n }), 'still bad');
  await waitFor('the changed neighbour', async () =>
    (await pod.agent.admin('/config_dump')).includes('"connect_timeout": "2s"'),
  );
  t.is(await fetchUntilServed(pod.agentPort), 'from the pod');
  plane.cache.setSnapshot(NODE, withClusters(setFor(pod.config('http')), { bad: -1n, neighbour: 2n }), 'and reads');
  await waitFor('the routes', async () => (await pod.agent.admin('/config_dump')).includes('"dynamic_route_configs"'));
  plane.cache.setSnapshot(NODE, good, 'good');
  await plane.until('acknowledged', ({ tag }) => tag === 'good');
  t.is(plane.events.filter((event) => event.kind === 'rejected').length, 1);
  // Once in company, once alone, and never again.
  t.regex(await pod.agent.admin('/stats?filter=cds.update_rejected'), /: 2$/m);
});

test('the server dies and comes back: the agent is back in seconds, and nothing on it has changed', async (t) => {
  const first = await startControlPlane(t);
  const pod = await startPod(t, first.port);
  first.cache.setSnapshot(NODE, setFor(pod.config('http', 2)), 'before');
  await first.until('acknowledged');
  const before = dynamicParts(await pod.agent.admin('/config_dump'));
  await first.server.close();
  t.is(await fetchText(pod.agentPort), 'from the pod');
  const second = await startControlPlane(t, first.port);
  const startedAt = Date.now();
  // The agent may come before anybody knows what it should hold.
  await second.until('connected');
  t.log(`back after ${Date.now() - startedAt} ms`);
  second.cache.setSnapshot(NODE, setFor(pod.config('http', 2)), 'after');
  await second.until('acknowledged', ({ tag }) => tag === 'after');
  t.true(Date.now() - startedAt < 6000);
  t.true(before.length > 5);
  t.deepEqual(dynamicParts(await pod.agent.admin('/config_dump')), before);
});

test('what was dropped while the agent was away is removed when it comes back', async (t) => {
  const first = await startControlPlane(t);
  const pod = await startPod(t, first.port);
  first.cache.setSnapshot(NODE, setFor(pod.config('http', 2)), 'before');
  await first.until('acknowledged');
  await first.server.close();
  const second = await startControlPlane(t, first.port);
  second.cache.setSnapshot(NODE, setFor(pod.config('http', 0)), 'after');
  await second.until('acknowledged');
  const expected = namesIn(setFor(pod.config('http', 0)), ['cluster', 'listener', 'route']);
  await waitFor('what is left', async () => isEqual(listNames(await pod.agent.admin('/config_dump')).sort(), expected));
  t.is(await fetchText(pod.agentPort), 'from the pod');
});

test('a wrong token or the node id of another pod gets nothing, and the pod serves all the same', async (t) => {
  const plane = await startControlPlane(t);
  plane.cache.setSnapshot('team-b/victim', setFor({ ...EMPTY, node: 'team-b/victim' }), 'secret');
  const impostor = await startPod(t, plane.port, { node: 'team-b/victim' });
  t.is((await plane.until('refused')).reason, 'other_node');
  const stranger = await startPod(t, plane.port, { token: 'made-up' });
  t.is((await plane.until('refused', ({ node }) => node === '')).reason, 'not_authenticated');
  for (const { agentPort } of [impostor, stranger]) t.is(await fetchUntilServed(agentPort), 'from the pod');
  t.deepEqual(
    plane.events.filter(({ kind }) => kind !== 'refused'),
    [],
  );
});

const EMPTY: AgentConfig = { node: NODE, podIp: '127.0.0.1', ports: [], tunnels: [] };

type EventOf<Kind extends AgentEvent['kind']> = Extract<AgentEvent, { kind: Kind }>;

type ControlPlane = {
  cache: SnapshotCache;
  server: ReturnType<typeof createDiscoveryServer>;
  port: number;
  events: AgentEvent[];
  /** The first event like that, past or to come. */
  until<Kind extends AgentEvent['kind']>(kind: Kind, isIt?: (event: EventOf<Kind>) => boolean): Promise<EventOf<Kind>>;
};

async function startControlPlane(t: ExecutionContext, port = 0): Promise<ControlPlane> {
  const cache = createSnapshotCache();
  const events: AgentEvent[] = [];
  const server = createDiscoveryServer({
    cache,
    identity,
    authenticate: async (token) =>
      token === TOKEN ? { ok: true, node: NODE, instance: '' } : { ok: false, reason: `${token} is no token` },
    onAgent: (event) => void events.push(event),
  });
  const address = await server.listen(port, '127.0.0.1');
  t.teardown(() => server.close());
  return {
    ...{ cache, server, port: address.port, events },
    until: (kind, isIt = () => true) =>
      waitFor(`an agent is ${kind}`, () =>
        events.find(
          (event): event is EventOf<typeof kind> => event.kind === kind && isIt(event as EventOf<typeof kind>),
        ),
      ),
  };
}

/** An application, the agent before it, and configurations for them. */
async function startPod(t: ExecutionContext, controlPlanePort: number, overrides: Partial<EnvoyOptions> = {}) {
  const app = createServer((_, response) => response.end('from the pod'));
  const appPort = await listen(t, app);
  const agentPort = await closedPort();
  const agent = await startEnvoy({
    node: NODE,
    token: TOKEN,
    bootstrap: {
      ports: [{ appPort, agentPort }],
      controlPlane: { host: 'localhost', port: controlPlanePort, authority: identity.certificateChain },
    },
    ...overrides,
  });
  t.teardown(agent.close);
  const config = (mode: 'http' | 'tcp', intercepts = 0): AgentConfig => ({
    ...EMPTY,
    ports: [
      { appPort, agentPort, mode, intercepts: Array.from({ length: intercepts }, (_, index) => intercept(index)) },
    ],
    tunnels:
      intercepts === 0
        ? []
        : [{ session: 's1', peerName: 's1.session.tp', relays: [{ address: '127.0.0.1', port: 9 }] }],
  });
  return { agent, agentPort, config };
}

function intercept(index: number) {
  return {
    id: `team-a/i${index}`,
    session: 's1',
    serverName: `i${index}.team-a.s1.session.tp`,
    headers: [{ name: 'x-dev', value: `dev-${index}` }],
    fallback: 'pod' as const,
  };
}

function setFor(config: AgentConfig): ResourceSet {
  return buildAgentResources(config, credentials);
}

/** Adds clusters with these connect timeouts in seconds; Envoy refuses a negative one. */
function withClusters(set: ResourceSet, timeouts: Record<string, bigint>): ResourceSet {
  const added = Object.entries(timeouts).map(([name, seconds]) => ({
    type: 'cluster' as const,
    name,
    value: toBinary(ClusterSchema, create(ClusterSchema, { name, connectTimeout: { seconds } })),
  }));
  const present = RESOURCE_TYPES.flatMap((type) => [...set[type].values()].map((resource) => ({ ...resource, type })));
  return createResourceSet([...present, ...added]);
}

function namesIn(set: ResourceSet, types: readonly (keyof ResourceSet)[]): string[] {
  return types.flatMap((type) => [...set[type].keys()]).sort();
}

/** Names of the clusters, listeners and routes that Envoy has by its stream and uses. */
function listNames(configDump: string): string[] {
  const { configs } = JSON.parse(configDump || '{"configs":[]}') as { configs: Record<string, Dumped[] | undefined>[] };
  return configs.flatMap((config) => [
    ...(config.dynamic_active_clusters ?? []).map(({ cluster }) => cluster?.name ?? ''),
    ...(config.dynamic_listeners ?? []).filter(({ active_state }) => active_state).map(({ name }) => name ?? ''),
    ...(config.dynamic_route_configs ?? []).map(({ route_config }) => route_config?.name ?? ''),
  ]);
}

/** What came by the stream, with versions and the times when Envoy took it. */
function dynamicParts(configDump: string): Record<string, unknown>[] {
  const { configs } = JSON.parse(configDump) as { configs: Record<string, Record<string, unknown>[] | undefined>[] };
  return configs
    .flatMap((config) =>
      ['dynamic_active_clusters', 'dynamic_listeners', 'dynamic_route_configs'].map((key) => config[key]),
    )
    .flatMap((parts) => parts ?? []);
}

type Dumped = { name?: string; active_state?: object; cluster?: { name: string }; route_config?: { name: string } };

function fetchText(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}

function fetchUntilServed(port: number): Promise<string> {
  return waitFor('an answer', () => fetchText(port).catch(() => undefined));
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
