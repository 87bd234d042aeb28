// The real server with real TLS and simulated agents (delta streams that acknowledge everything) in a child process.
// Prints what a push and an agent cost. `bench/xds-fanout.ts` bundles it and starts it.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { useSmallSlabs } from '../../control-plane/src/process/small-slabs.ts';
import { createTestCertificate, type TestCertificate } from '../../test/helpers/test-certificate.ts';
import {
  type AgentConfig,
  type AgentCredentials,
  type AgentEvent,
  createDiscoveryServer,
  createSnapshotCache,
  RESOURCE_TYPES,
  type ResourceSet,
  type SnapshotCache,
} from '../../xds/src/index.ts';
import { buildAgentResources } from '../../xds/src/translator/translate.ts';
import { quantile } from '../statistics.ts';
import type { AgentsOrder } from './agents.ts';

const PUSH_AGENTS = 200;
const PUSH_ROUNDS = 40;
const MEMORY_AGENTS = 2000;
const GOALS = { pushP99Ms: 100, memoryMb: 400 };
/** Intercepts on each agent; the push attaches one more and takes it away again. */
const INTERCEPTS = 5;

useSmallSlabs();
const identity = await createTestCertificate('localhost');
const credentials = new Map<string, AgentCredentials>();
// Memory first: what the other measurement leaves behind would count.
await measureMemory();
await measurePush();

async function measurePush(): Promise<void> {
  const bench = await startBench(PUSH_AGENTS);
  const times: number[] = [];
  const rounds: number[] = [];
  let cpuMs = 0;
  const translations: number[] = [];
  for (let round = 0; round < PUSH_ROUNDS; round++) {
    const startedAt = performance.now();
    const sets = bench.nodes.map((node, index) => [node, setFor(node, index, INTERCEPTS + ((round + 1) % 2))] as const);
    translations.push((performance.now() - startedAt) / PUSH_AGENTS);
    const pushedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    const all = bench.acknowledged(`round ${round}`, () => times.push(performance.now() - pushedAt));
    for (const [node, set] of sets) bench.cache.setSnapshot(node, set, `round ${round}`);
    await all;
    rounds.push(performance.now() - pushedAt);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpuMs += (user + system) / 1000;
  }
  const p99 = quantile(times, 0.99);
  console.log(
    `push to ACK, ${PUSH_AGENTS} agents, ${PUSH_ROUNDS} rounds (attach: clusters, ACK, routes, ACK; or detach)`,
  );
  console.log(
    `  per agent p50 ${ms(quantile(times, 0.5))}, p99 ${ms(p99)}: ${ratio(p99, GOALS.pushP99Ms)} of the goal`,
  );
  console.log(`  server CPU per agent and push ${ms(cpuMs / (PUSH_ROUNDS * PUSH_AGENTS))}`);
  console.log(
    `  last agent of a round p50 ${ms(quantile(rounds, 0.5))}; translation ${ms(quantile(translations, 0.5))} each`,
  );
  await bench.close();
}

async function measureMemory(): Promise<void> {
  const before = process.memoryUsage();
  const bench = await startBench(MEMORY_AGENTS);
  const after = process.memoryUsage();
  const total = megabytes(after.rss);
  console.log(`memory, ${MEMORY_AGENTS} agents with ${INTERCEPTS} intercepts each`);
  console.log(`  process ${total.toFixed(0)} MB: ${ratio(total, GOALS.memoryMb)} of the goal`);
  console.log(
    `  per agent ${((after.rss - before.rss) / MEMORY_AGENTS / 1024).toFixed(0)} kB, streams and TLS included`,
  );
  const { all, distinct } = bytesOf(bench.cache);
  console.log(
    `  resources ${megabytes(all).toFixed(1)} MB, kept ${megabytes(distinct).toFixed(1)} MB: ${ratio(distinct, all)}`,
  );
  await bench.close();
}

async function startBench(count: number) {
  const nodes = Array.from({ length: count }, (_, index) => `team-a/web-${index}`);
  const cache = createSnapshotCache();
  const listeners = new Set<(event: AgentEvent) => void>();
  const onAgent = (event: AgentEvent) => {
    for (const listener of listeners) listener(event);
  };
  const server = createDiscoveryServer({
    cache,
    identity,
    authenticate: async (node) => ({ ok: true, node, instance: '' }),
    onAgent,
  });
  const { port } = await server.listen(0, '127.0.0.1');

  function acknowledged(tag: string, onOne: () => void = () => undefined): Promise<void> {
    const missing = new Set(nodes);
    return new Promise((resolve) => {
      listeners.add(function listener(event) {
        if (event.kind !== 'acknowledged' || event.tag !== tag || !missing.delete(event.node)) return;
        onOne();
        if (missing.size > 0) return;
        listeners.delete(listener);
        resolve();
      });
    });
  }

  const all = acknowledged('start');
  for (const [index, node] of nodes.entries()) cache.setSnapshot(node, setFor(node, index, INTERCEPTS), 'start');
  const agents = fork(fileURLToPath(new URL('./agents.mjs', import.meta.url)));
  agents.send(orderFor({ port, nodes, identity }));
  await all;
  return {
    ...{ nodes, cache, acknowledged },
    close: async () => {
      const exited = once(agents, 'exit');
      agents.disconnect();
      await exited;
      await server.close();
    },
  };
}

function orderFor({
  port,
  nodes,
  identity,
}: {
  port: number;
  nodes: string[];
  identity: TestCertificate;
}): AgentsOrder {
  const set = setFor('team-a/web-0', 0, INTERCEPTS + 1);
  const names = (type: 'endpoint' | 'secret' | 'route') => [...set[type].keys()];
  return {
    ...{ port, nodes, authority: identity.certificateChain },
    names: { endpoint: names('endpoint'), secret: names('secret'), route: names('route') },
  };
}

/** Pods of one workload: own address and certificate, everything else in common. */
function setFor(node: string, index: number, intercepts: number): ResourceSet {
  const sessions = Array.from({ length: intercepts }, (_, number) => `session-${number}`);
  const config: AgentConfig = {
    node,
    podIp: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    ports: [
      { appPort: 8080, agentPort: 15_006, mode: 'http', intercepts: sessions.map(buildIntercept) },
      { appPort: 9090, agentPort: 15_007, mode: 'tcp', intercepts: [] },
    ],
    tunnels: sessions.map((session) => ({
      session,
      peerName: `${session}.session.tp`,
      relays: [
        { address: '10.9.0.1', port: 8443 },
        { address: '10.9.0.2', port: 8443 },
      ],
    })),
  };
  return buildAgentResources(config, credentialsOf(node));
}

/** One per pod, as long as it lives. */
function credentialsOf(node: string): AgentCredentials {
  const known = credentials.get(node);
  if (known !== undefined) return known;
  const certificateChain = `${identity.certificateChain}# ${node}\n`;
  const issued = { ...identity, certificateChain, authority: identity.certificateChain };
  credentials.set(node, issued);
  return issued;
}

function buildIntercept(session: string, index: number) {
  return {
    id: `team-a/i${index}`,
    session,
    serverName: `i${index}.team-a.${session}.session.tp`,
    headers: [{ name: 'x-dev', value: `dev-${index}` }],
    fallback: 'pod' as const,
  };
}

/** Bytes of all nodes' resources, and of the distinct buffers that are kept for them. */
function bytesOf(cache: SnapshotCache): { all: number; distinct: number } {
  const buffers = new Set<Uint8Array>();
  let all = 0;
  for (const node of cache.nodes) {
    for (const type of RESOURCE_TYPES) {
      for (const { value } of cache.getSnapshot(node)?.set[type].values() ?? []) {
        buffers.add(value);
        all += value.byteLength;
      }
    }
  }
  return { all, distinct: [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0) };
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function ratio(value: number, of: number): string {
  return `${(value / of).toFixed(2)}x`;
}

function megabytes(bytes: number): number {
  return bytes / 2 ** 20;
}
