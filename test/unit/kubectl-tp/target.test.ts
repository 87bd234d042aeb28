// Which pods a target has, and which of them count.

import test from 'ava';
import { DEPLOYMENTS, PODS, SERVICES } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import type { Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { buildSelector } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { findContainerPort, findTarget } from '../../../kubectl-tp/src/kubernetes/target.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';

const { signal } = new AbortController();

function buildPod(workload: string, ports: { name: string; containerPort: number }[] = []): Pod {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${workload}-a`, uid: 'u', controller: true };
  return {
    metadata: {
      name: `${workload}-a-1`,
      namespace: 'shop',
      labels: { app: 'orders', 'pod-template-hash': 'a' },
      ownerReferences: [owner],
    },
    spec: { containers: [{ name: 'app', ports }] },
  };
}

test("a workload's pods are those it owns, whoever else has its labels", async (t) => {
  const { client, put } = createMemoryKubernetes();
  const template = { spec: { containers: [{ name: 'app', ports: [{ containerPort: 8080 }] }] } };
  const spec = { selector: { matchLabels: { app: 'orders' } }, template };
  put(DEPLOYMENTS, { metadata: { name: 'orders', namespace: 'shop' }, spec } as unknown as KubernetesObject);
  const search = { namespace: 'shop', target: { kind: 'Deployment', name: 'orders' } } as const;
  const { hasPod } = await findTarget(client, search, signal);
  t.true(hasPod(buildPod('orders')));
  t.false(hasPod(buildPod('orders-canary')));
});

test('pods without the named port of a Service do not count', async (t) => {
  const { client, put } = createMemoryKubernetes();
  const clusterIPs = ['10.96.0.7', 'fd00:96::7'];
  const spec = { selector: { app: 'orders' }, clusterIPs, ports: [{ port: 80, targetPort: 'http' }] };
  put(SERVICES, { metadata: { name: 'orders', namespace: 'shop' }, spec } as unknown as KubernetesObject);
  const withPort = buildPod('orders', [{ name: 'http', containerPort: 8080 }]);
  put(PODS, withPort);
  const search = { namespace: 'shop', target: { kind: 'Service', name: 'orders' } } as const;
  const target = await findTarget(client, search, signal);
  t.is(target.portIn([buildPod('jobs'), withPort]), 8080);
  t.is(target.portIn([]), undefined);
  t.deepEqual(
    target.endpoints,
    clusterIPs.map((host) => ({ host, port: 80 })),
  );
  t.true(target.hasPod(withPort));
  t.false(target.hasPod(buildPod('jobs')));
});

test('pods are asked only for the number of a port that has a name', async (t) => {
  const { client, put } = createMemoryKubernetes();
  put(PODS, buildPod('orders', [{ name: 'http', containerPort: 8080 }]));
  const named = { selector: 'app=orders', portIn: (pods: readonly Pod[]) => (pods.length > 0 ? 8080 : undefined) };
  t.is(await findContainerPort(client, { namespace: 'shop', target: named }, signal), 8080);
  const silent = { ...client, list: () => Promise.reject(new Error('pods were listed')) };
  const numbered = { selector: 'app=orders', portIn: () => 9000 };
  t.is(await findContainerPort(silent, { namespace: 'shop', target: numbered }, signal), 9000);
});

test('a port is chosen by its name, its number or where it leads; several are told', async (t) => {
  const { client, put } = createMemoryKubernetes();
  const ports = [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'admin', port: 8080, targetPort: 9000 },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ];
  const spec = { selector: { app: 'orders' }, ports };
  put(SERVICES, { metadata: { name: 'orders', namespace: 'shop' }, spec } as unknown as KubernetesObject);
  const target = { kind: 'Service', name: 'orders' } as const;
  const find = (remotePort?: string) => findTarget(client, { namespace: 'shop', target, remotePort }, signal);
  const meant = { http: '80', 80: '80', 8080: '8080', 9000: '8080' };
  for (const [word, port] of Object.entries(meant)) t.is((await find(word)).port, port, word);
  await t.throwsAsync(find('dns'), { message: /no TCP port dns. It has: 80 \(http\), 8080 \(admin\)\./ });
  await t.throwsAsync(find(), { code: 'PORT_AMBIGUOUS', message: /several ports: 80 \(http\), 8080 \(admin\)\./ });
});

test('selectors with expressions', (t) => {
  const matchExpressions = [
    { key: 'tier', operator: 'In' as const, values: ['a', 'b'] },
    { key: 'track', operator: 'NotIn' as const, values: ['canary'] },
    { key: 'on', operator: 'Exists' as const },
    { key: 'off', operator: 'DoesNotExist' as const },
  ];
  t.is(
    buildSelector({ matchLabels: { app: 'orders' }, matchExpressions }),
    'app=orders,tier in (a,b),track notin (canary),on,!off',
  );
});
