// Objects of a small cluster, as the API server has them: one workload with an agent, a relay, a session, an intercept.

import { generateKeyPairSync } from 'node:crypto';
import { AGENT_ANNOTATION, COMPONENT_LABEL, SESSION_LABEL } from '../../control-plane/src/api/index.ts';
import type { FakeApi } from './fake-api.ts';

export const INSTALL = 'kubectl-tp';
export const SHOP = 'shop';
export const NODE = 'shop/orders-abc-1';
/** A pod beside that of NODE. */
export const NEIGHBOUR = 'orders-abc-2';

const CORE = '/api/v1/namespaces';
const TP = '/apis/kubectl-tp.dev/v1alpha1/namespaces';
export const INTERCEPTS_PATH = `${TP}/${SHOP}/intercepts`;
export const SESSIONS_PATH = `${TP}/${INSTALL}/sessions`;
export const LEASES_PATH = `/apis/coordination.k8s.io/v1/namespaces/${INSTALL}/leases`;
export const PODS_PATH = `${CORE}/${SHOP}/pods`;
export const DEPLOYMENTS_PATH = `/apis/apps/v1/namespaces/${SHOP}/deployments`;
export const SECRETS_PATH = `${CORE}/${INSTALL}/secrets`;

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };

export function publicKeyPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
}

export function sessionObject(publicKey = publicKeyPem(), name = 'alice-1') {
  return {
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Session',
    metadata: { name, namespace: INSTALL, uid: `uid-${name}`, generation: 1 },
    spec: { owner: 'alice', publicKey, clientVersion: '0.1.0' },
  };
}

export function interceptObject(name = 'orders-alice') {
  return {
    apiVersion: 'kubectl-tp.dev/v1alpha1',
    kind: 'Intercept',
    metadata: { name, namespace: SHOP, uid: `uid-${name}`, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      owner: 'alice',
      session: 'alice-1',
      action: 'Redirect',
      target: { kind: 'Service', name: 'orders', port: 'http' },
      match: { headers: [{ name: 'x-dev', value: 'alice' }] },
      laptop: { port: 3000 },
      fallback: 'Pod',
    },
  };
}

export function podObject({ agent = true, name = 'orders-abc-1' }: { agent?: boolean; name?: string } = {}) {
  const ports = [{ name: 'http', appPort: 8080, agentPort: 15080, capture: 'Name', container: 'app' }];
  const annotations = agent ? { [AGENT_ANNOTATION]: JSON.stringify({ version: '0.1.0', ports }) } : {};
  return {
    metadata: {
      name,
      namespace: SHOP,
      uid: `uid-${name}`,
      labels: { app: 'orders', 'pod-template-hash': 'abc' },
      annotations,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'orders-abc', uid: 'r', controller: true }],
    },
    spec: { containers: [{ name: 'app', ports: [{ name: agent ? 'tp-0' : 'http', containerPort: 8080 }] }] },
    status: { podIP: '10.0.0.7', ...READY },
  };
}

export function leaseObject(renewedMs: number, seconds = 40) {
  return {
    metadata: { name: 'alice-1.relay-1', namespace: INSTALL, labels: { [SESSION_LABEL]: 'alice-1' } },
    spec: {
      holderIdentity: 'relay-1',
      renewTime: new Date(renewedMs).toISOString().replace('Z', '000Z'),
      leaseDurationSeconds: seconds,
    },
  };
}

export function relayPodObject() {
  return {
    metadata: { name: 'relay-1', namespace: INSTALL, uid: 'uid-relay', labels: { [COMPONENT_LABEL]: 'relay' } },
    spec: { containers: [{ name: 'relay' }] },
    status: { podIP: '10.0.0.9', ...READY },
  };
}

/** A cluster in which `orders` can be intercepted as soon as there is an Intercept. */
export function fillShop(api: FakeApi): void {
  api.put(`${CORE}/${SHOP}/services`, {
    metadata: { name: 'orders', namespace: SHOP },
    spec: {
      clusterIP: '10.1.0.1',
      selector: { app: 'orders' },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    },
  } as never);
  api.put(PODS_PATH, podObject());
  api.put(DEPLOYMENTS_PATH, {
    metadata: { name: 'orders', namespace: SHOP, generation: 1 },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'orders' } },
      template: { spec: { containers: [{ name: 'app', ports: [{ name: 'http', containerPort: 8080 }] }] } },
    },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
  } as never);
  api.put(`${CORE}/${INSTALL}/pods`, relayPodObject());
  api.put(SESSIONS_PATH, sessionObject());
  api.put(LEASES_PATH, leaseObject(Date.now()));
}
