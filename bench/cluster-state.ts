// What a large cluster costs the control plane: memory of the narrowed objects, and the time from a change at the API
// server to whoever subscribes to the state. The API server is a stand-in over real TLS, in a process of its own.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { KubeConfig } from '@kubernetes/client-node';
import { createKubernetesClient } from '../control-plane/src/kubernetes/index.ts';
import { createWatchedState, type WatchedState } from '../control-plane/src/state/watched-state.ts';
import { startFakeApi } from '../test/helpers/fake-api.ts';
import { quantile } from './statistics.ts';

const POD_COUNT = 10_000;
const AGENT_COUNT = 2000;
const CHANGES = 200;
const PATH = '/api/v1/namespaces/shop/pods';
const CHANGING_POD = 'shop/orders-0-6d8f9c7b5d-00001';

type Address = { port: number; caData: string | undefined };

if (process.argv[2] === 'server') await serve();
else await measure();

async function measure(): Promise<void> {
  const server = fork(import.meta.filename, ['server']);
  const [address] = (await once(server, 'message')) as [Address];
  const stop = new AbortController();
  const before = memory();
  const state = createWatchedState({
    client: createKubernetesClient(buildKubeConfig(address)),
    installNamespace: 'kubectl-tp',
    now: Date.now,
    onTrouble: (watch, error) => console.error(watch, error),
  });
  const ended = state.run(stop.signal);
  await heard(state);
  const after = memory();
  console.log(
    `${state.read().pods.size} pods: heap +${after.heap - before.heap} MiB, RSS ${before.rss} -> ${after.rss} MiB`,
  );
  await measureChanges(state, server);
  stop.abort();
  await ended;
  server.kill();
}

async function measureChanges(state: WatchedState, server: ChildProcess): Promise<void> {
  const delays: number[] = [];
  const reads: number[] = [];
  for (let change = 0; change < CHANGES; change += 1) {
    const next = heard(state);
    server.send('change');
    await next;
    const heardAt = clock();
    const changedAt = Number(state.read().pods.get(CHANGING_POD)?.labels.at);
    delays.push(heardAt - changedAt);
    reads.push(clock() - heardAt);
  }
  console.log(`change -> subscriber ${quantiles(delays)}; reading the new state ${quantiles(reads)}`);
}

function heard(state: WatchedState): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = state.subscribe(() => {
      unsubscribe();
      resolve();
    });
  });
}

async function serve(): Promise<void> {
  const api = await startFakeApi();
  for (let index = 0; index < POD_COUNT; index += 1) api.put(PATH, buildPod(index));
  const address: Address = { port: api.port, caData: api.kubeConfig.clusters[0]?.caData };
  process.send?.(address);
  process.on('message', () => api.put(PATH, buildPod(1, { at: String(clock()) })));
}

/** Weighs about what a real pod does: 8 kB of JSON with field managers, environment and statuses. */
function buildPod(index: number, labels: Record<string, string> = {}) {
  const app = `orders-${Math.floor(index / 5)}`;
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-6d8f9c7b5d`, uid: 'u', controller: true };
  const ports = [{ name: 'http', appPort: 8080, agentPort: 15080, capture: 'Name', container: 'app' }];
  const agent = { 'kubectl-tp.dev/agent': JSON.stringify({ version: '0.1.0', ports }) };
  const metadata = {
    name: `${app}-6d8f9c7b5d-${index.toString(36).padStart(5, '0')}`,
    namespace: 'shop',
    labels: { app, 'pod-template-hash': '6d8f9c7b5d', 'app.kubernetes.io/part-of': 'shop', ...labels },
    annotations: index < AGENT_COUNT ? agent : {},
    ownerReferences: [owner],
    managedFields: [{ manager: 'kubelet', fieldsV1: 'f'.repeat(4000) }],
  };
  const env = [{ name: 'X', value: 'v'.repeat(3000) }];
  const containers = [{ name: 'app', ports: [{ name: 'http', containerPort: 8080 }], env }];
  const status = { podIP: `10.0.${index >> 8}.${index & 255}`, conditions: [{ type: 'Ready', status: 'True' }] };
  return { metadata, spec: { containers }, status };
}

function buildKubeConfig({ port, caData }: Address): KubeConfig {
  const kubeConfig = new KubeConfig();
  const server = { name: 'fake', server: `https://localhost:${port}`, skipTLSVerify: false };
  kubeConfig.loadFromClusterAndUser(caData === undefined ? server : { ...server, caData }, {
    name: 'me',
    token: 'the-right-token',
  });
  return kubeConfig;
}

/** MiB, after a collection if Node was started with --expose-gc. */
function memory(): { heap: number; rss: number } {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: Math.round(heapUsed / 2 ** 20), rss: Math.round(rss / 2 ** 20) };
}

/** Comparable between processes. */
function clock(): number {
  return performance.timeOrigin + performance.now();
}

function quantiles(values: readonly number[]): string {
  const at = (part: number) => quantile(values, part).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
