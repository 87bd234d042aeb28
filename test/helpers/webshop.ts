// A workload as people debug it: environment from a ConfigMap and a Secret, files, a Service.

import { CODE_MOUNT, CODE_VOLUME } from './echo-app.ts';

export type WebshopOptions = { readonly namespace: string; readonly name: string; readonly image: string };

const PORT = 8080;

export function buildWebshop({ namespace, name, image }: WebshopOptions): object[] {
  const metadata = { name, namespace };
  const labels = { app: name };
  const container = {
    name: 'app',
    image,
    command: ['node', '/app/test-apps/echo.ts'],
    ports: [{ name: 'http', containerPort: PORT }],
    env: [
      { name: 'MODE', valueFrom: { configMapKeyRef: { name, key: 'mode' } } },
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name, key: 'password' } } },
    ],
    volumeMounts: [{ name: 'settings', mountPath: '/etc/settings' }, CODE_MOUNT],
    readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
  };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mode: 'production', 'app.conf': 'color = blue\n' } },
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { password: 'pa$$ word' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [container], volumes: [{ name: 'settings', configMap: { name } }, CODE_VOLUME] },
        },
      },
    },
  ];
}
