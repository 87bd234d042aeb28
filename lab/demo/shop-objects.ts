// The Kubernetes objects of the demo shop: three Deployments of two pods with a Service each. Their code is this
// folder's shop/, bundled with its packages and mounted from a ConfigMap.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePrograms } from '../../control-plane/bundle.ts';

export const SHOP_NAMESPACE = 'shop';

type Part = {
  name: string;
  portName: string;
  port: number;
  servicePort: number;
  appProtocol: string;
  headless?: boolean;
};

const PARTS: readonly Part[] = [
  { name: 'web', portName: 'http', port: 8080, servicePort: 80, appProtocol: 'http' },
  { name: 'orders', portName: 'http', port: 8080, servicePort: 80, appProtocol: 'http' },
  // Headless, so that the one gRPC channel of `orders` sees both pods.
  {
    name: 'prices',
    portName: 'grpc',
    port: 50051,
    servicePort: 50051,
    appProtocol: 'kubernetes.io/h2c',
    headless: true,
  },
];

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 1000,
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Everything the shop needs, in an order that can be applied. `image` must hold Node 24. */
export async function buildShop(image: string): Promise<object[]> {
  return [
    buildNamespace(),
    await buildCode(),
    ...PARTS.flatMap((part) => [buildDeployment(part, image), buildService(part)]),
  ];
}

function buildNamespace(): object {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP_NAMESPACE, labels } };
}

async function buildCode(): Promise<object> {
  const data = await bundleShop();
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop-code', namespace: SHOP_NAMESPACE }, data };
}

/** The shop's programs and the parts that they share, by file name. Without spaces: a ConfigMap holds 1 MiB. */
export async function bundleShop(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-shop-'));
  try {
    const programs = Object.fromEntries(PARTS.map(({ name }) => [name, `lab/demo/shop/${name}.ts`]));
    await bundlePrograms(folder, programs, { target: 'node24', minifySyntax: true, minifyWhitespace: true });
    const read = async (file: string) => [file, await readFile(join(folder, file), 'utf8')] as const;
    return Object.fromEntries(await Promise.all((await readdir(folder)).map(read)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function buildDeployment({ name, portName, port }: Part, image: string): object {
  const container = {
    name,
    image,
    command: ['node', `/shop/${name}.mjs`],
    ports: [{ name: portName, containerPort: port }],
    readinessProbe: { tcpSocket: { port: portName }, periodSeconds: 1 },
    securityContext: RESTRICTED,
    volumeMounts: [{ name: 'code', mountPath: '/shop' }],
  };
  const spec = {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 15,
    containers: [container],
    volumes: [{ name: 'code', configMap: { name: 'shop-code' } }],
  };
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: SHOP_NAMESPACE },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      // A pod is only taken away when its successor is ready: no lost capacity while agents come and go.
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: { metadata: { labels }, spec },
    },
  };
}

function buildService({ name, portName, servicePort, appProtocol, headless }: Part): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: SHOP_NAMESPACE },
    spec: {
      selector: { app: name },
      ...(headless ? { clusterIP: 'None' } : {}),
      ports: [{ name: portName, port: servicePort, targetPort: portName, appProtocol }],
    },
  };
}
