// The objects that cluster tests work on: an echo Deployment with its Service, and a pod that makes load.

import { readFileSync } from 'node:fs';

export type EchoAppOptions = {
  namespace: string;
  name: string;
  /** An image with Node 24; the code comes from a ConfigMap. */
  image: string;
  replicas?: number;
  /** `name`: the Service targets a named port. `number`: a numeric one, so that capture needs nft. */
  target?: 'name' | 'number';
  /** `echo` tells what it got; `fast` costs as little as can be, for benchmarks. */
  program?: 'echo' | 'fast';
  /** Annotations of the pods. */
  annotations?: Record<string, string>;
  /** Where it listens; default: all addresses of IPv4. */
  host?: string;
  /** Path of an empty volume that each pod has for itself. */
  volumeAt?: string;
};

export const APP_PORT = 8080;
export const LOAD_POD = 'load';
/** How long the application goes on accepting after SIGTERM. */
const LINGER_MS = 3000;

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 1000,
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
/** The test applications, of `buildCode`. */
export const CODE_VOLUME = { name: 'code', configMap: { name: 'test-apps' } };
export const CODE_MOUNT = { name: 'code', mountPath: '/app/test-apps' };

/** Deployment and Service; `buildCode` must be applied to the namespace before. */
export function buildEchoApp({
  namespace,
  name,
  image,
  replicas = 3,
  target = 'name',
  program = 'echo',
  annotations = {},
  host,
  volumeAt,
}: EchoAppOptions): object[] {
  const labels = { app: name };
  const own = volumeAt === undefined ? [] : [{ name: 'own', mountPath: volumeAt }];
  const container = {
    name: 'app',
    image,
    command: ['node', `/app/test-apps/${program}.ts`],
    env: [
      { name: 'PORT', value: String(APP_PORT) },
      { name: 'LINGER_MS', value: String(LINGER_MS) },
      ...(host === undefined ? [] : [{ name: 'HOST', value: host }]),
    ],
    ports: [{ ...(target === 'name' ? { name: 'http' } : {}), containerPort: APP_PORT }],
    readinessProbe: { httpGet: { path: '/', port: APP_PORT }, periodSeconds: 1 },
    securityContext: RESTRICTED,
    volumeMounts: [CODE_MOUNT, ...own],
  };
  const template = {
    metadata: { labels, annotations },
    spec: {
      terminationGracePeriodSeconds: 15,
      automountServiceAccountToken: false,
      containers: [container],
      volumes: [CODE_VOLUME, ...own.map(() => ({ name: 'own', emptyDir: {} }))],
    },
  };
  const strategy = { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
  const targetPort = target === 'name' ? 'http' : APP_PORT;
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: { replicas, selector: { matchLabels: labels }, strategy, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort, appProtocol: 'http' }] },
    },
  ];
}

/** The ConfigMap with the code of test/apps. */
export function buildCode(namespace: string): object {
  const read = (file: string) => readFileSync(new URL(`../apps/${file}`, import.meta.url), 'utf8');
  const files = ['echo.ts', 'fast.ts', 'load.ts', 'measure.ts', 'pose-as-agent.ts'];
  const data = Object.fromEntries(files.map((file) => [file, read(file)]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'test-apps', namespace }, data };
}

/** A pod to run load.ts in, by `kubectl exec`. */
export function buildLoadPod(namespace: string, image: string): object {
  const container = {
    name: 'load',
    image,
    command: ['node', '-e', 'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1e9)'],
    securityContext: RESTRICTED,
    volumeMounts: [CODE_MOUNT],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: LOAD_POD, namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [container],
      volumes: [CODE_VOLUME],
    },
  };
}
