// The Kubernetes objects of the demo shop: three Deployments of two pods with a Service each. Their code is this
// folder's shop/, mounted from a ConfigMap beside the image's packages.

import { readdirSync, readFileSync } from 'node:fs';

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

/** Everything the shop needs, in an order that can be applied. `image` must hold Node 24 and @grpc/grpc-js in /app. */
export function buildShop(image: string): object[] {
  return [
    buildNamespace(),
    buildCode(),
    ...PARTS.flatMap((part) => [buildDeployment(part, image), buildService(part)]),
  ];
}

function buildNamespace(): object {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP_NAMESPACE, labels } };
}

function buildCode(): object {
  const folder = new URL('./shop/', import.meta.url);
  const data = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]),
  );
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop-code', namespace: SHOP_NAMESPACE }, data };
}

function buildDeployment({ name, portName, port }: Part, image: string): object {
  const container = {
    name,
    image,
    command: ['node', `/app/shop/${name}.ts`],
    ports: [{ name: portName, containerPort: port }],
    readinessProbe: { tcpSocket: { port: portName }, periodSeconds: 1 },
    securityContext: RESTRICTED,
    volumeMounts: [{ name: 'code', mountPath: '/app/shop' }],
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
