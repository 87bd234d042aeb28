// What a large cluster costs the control plane: memory of the narrowed objects, and the time from a change at the API
// server to the loop that hears of it. Prints figures; the API server is a stand-in over real TLS.

import { PODS } from '../control-plane/src/api/index.ts';
import { createKubernetesClient } from '../control-plane/src/kubernetes/index.ts';
import { createWatchedState } from '../control-plane/src/state/watched-state.ts';
import { startFakeApi } from '../test/unit/control-plane-io/helpers/fake-api.ts';

const POD_COUNT = 10_000;
const AGENT_COUNT = 2000;
const CHANGES = 200;
const PATH = '/api/v1/namespaces/shop/pods';

/** About what a real pod weighs: 8 kB of JSON with managed fields, volumes and statuses. */
function buildPod(index: number) {
  const name = `orders-${Math.floor(index / 5)}-6d8f9c7b5d-${index.toString(36).padStart(5, '0')}`;
  const filler = { managedFields: [{ manager: 'kubelet', fieldsV1: 'f'.repeat(4000) }] };
  const ports = [{ name: 'http', appPort: 8080, agentPort: 15080, capture: 'Name', container: 'app' }];
  const agent = { 'kubectl-tp.dev/agent': JSON.stringify({ version: '0.1.0', ports }) };
  return {
    metadata: {
      ...filler,
      name,
      namespace: 'shop',
      labels: {
        app: `orders-${Math.floor(index / 5)}`,
        'pod-template-hash': '6d8f9c7b5d',
        'app.kubernetes.io/part-of': 'shop',
      },
      annotations: index < AGENT_COUNT ? agent : {},
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: name.slice(0, -6), uid: 'r', controller: true },
      ],
    },
    spec: {
      containers: [
        { name: 'app', ports: [{ name: 'http', containerPort: 8080 }], env: [{ name: 'X', value: 'v'.repeat(3000) }] },
      ],
    },
    status: { podIP: `10.0.${index >> 8}.${index & 255}`, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

if (process.argv[2] === 'server') {
  const api = await startFakeApi();
  for (let index = 0; index < POD_COUNT; index += 1) api.put(PATH, buildPod(index));
  const [cluster] = api.kubeConfig.clusters;
  process.send?.({ port: api.port, caData: cluster?.caData });
  process.on('message', () => {
    api.put(PATH, {
      ...buildPod(1),
      metadata: { ...buildPod(1).metadata, labels: { at: String(performance.timeOrigin + performance.now()) } },
    });
  });
} else {
  await measure();
}

async function measure(): Promise<void> {
  const { fork } = await import('node:child_process');
  const { once } = await import('node:events');
  const { KubeConfig } = await import('@kubernetes/client-node');
  const server = fork(import.meta.filename, ['server']);
  const [{ port, caData }] = (await once(server, 'message')) as [{ port: number; caData: string }];
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser(
    { name: 'fake', server: `https://localhost:${port}`, caData, skipTLSVerify: false },
    { name: 'me', token: 'the-right-token' },
  );
  globalThis.gc?.();
  const before = process.memoryUsage();
  const state = createWatchedState({
    client: createKubernetesClient(kubeConfig),
    installNamespace: 'kubectl-tp',
    now: Date.now,
    onTrouble: console.error,
  });
  const stop = new AbortController();
  const began = performance.now();
  let heard = Promise.withResolvers<void>();
  state.subscribe(() => heard.resolve());
  const ended = state.run(stop.signal);
  await heard.promise;
  console.log(
    `first view of ${state.read().pods.size} pods (${PODS.plural}) after ${Math.round(performance.now() - began)} ms`,
  );
  globalThis.gc?.();
  const after = process.memoryUsage();
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  console.log(`heap +${mib(after.heapUsed - before.heapUsed)} MiB, RSS ${mib(before.rss)} -> ${mib(after.rss)} MiB`);
  const delays: number[] = [];
  const reads: number[] = [];
  for (let change = 0; change < CHANGES; change += 1) {
    heard = Promise.withResolvers<void>();
    server.send('change');
    await heard.promise;
    const now = performance.timeOrigin + performance.now();
    const start = performance.now();
    const pods = state.read().pods;
    reads.push(performance.now() - start);
    delays.push(now - Number(pods.get(`shop/${buildPod(1).metadata.name}`)?.labels.at));
  }
  console.log(
    `change -> subscriber p50 ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms; read() p50 ${at(reads, 0.5)} ms, p99 ${at(reads, 0.99)} ms`,
  );
  stop.abort();
  await ended;
  server.disconnect();
  server.kill();
}

function at(values: number[], quantile: number): string {
  values.sort((a, b) => a - b);
  return (values[Math.floor(values.length * quantile)] ?? 0).toFixed(2);
}
