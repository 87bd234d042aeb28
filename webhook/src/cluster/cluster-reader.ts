// What the webhook sees of the cluster. Pods are admitted from watch caches, so that the API server's own slowness costs
// no pod anything; Intercepts and Sessions are rare and decide about rights, so what they need is read at that moment.

import {
  INTERCEPTS,
  type Intercept,
  LIVING_PODS,
  NAMESPACES,
  PODS,
  SERVICES,
  SESSIONS,
  type Session,
} from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { InterceptReader } from '../admission/admit-intercept.ts';
import type { NamespaceView, ServiceView, WantedTarget } from '../inject/namespace-view.ts';
import { parseIntercept, parsePod, parseService, parseSession } from './parse-objects.ts';
import { createReadLimit, type ReadLimit } from './read-limit.ts';
import { createWatchedCollection } from './watched-collection.ts';

/** The time is within the three seconds that the API server waits for an answer about a pod. */
const READS = { maxRunning: 16, maxWaiting: 256, timeoutMs: 2000 } as const;

export interface ClusterReader extends InterceptReader {
  /** All caches are complete. */
  isSynced(): boolean;
  /** From the caches while they are complete; `fresh` asks the API server for the Intercepts. */
  readNamespace(namespace: string, options?: { fresh?: boolean }): Promise<NamespaceView>;
  run(signal: AbortSignal): Promise<void>;
}

export function createClusterReader(
  client: KubernetesClient,
  { installNamespace, onTrouble }: { installNamespace: string; onTrouble: (error: Error) => void },
): ClusterReader {
  const services = createWatchedCollection({ client, resource: SERVICES, parse: parseService, onTrouble });
  const intercepts = createWatchedCollection({ client, resource: INTERCEPTS, parse: parseIntercept, onTrouble });
  const namespaces = createWatchedCollection({ client, resource: NAMESPACES, parse: (object) => object, onTrouble });
  const collections = [services, intercepts, namespaces];
  const isSynced = () => collections.every((collection) => collection.isSynced());

  // Apart, so that reviews of the one kind take no places from the other.
  const readForPods = createReadLimit(READS);
  const readForOurs = createReadLimit(READS);

  async function listIntercepts(namespace: string, read: ReadLimit): Promise<Intercept[]> {
    const objects = await read((signal) => client.list(INTERCEPTS, { namespace, signal }));
    return objects.flatMap((object) => parseIntercept(object) ?? []);
  }
  async function listServices(namespace: string, read: ReadLimit): Promise<readonly ServiceView[]> {
    if (services.isSynced()) return services.list(namespace);
    const objects = await read((signal) => client.list(SERVICES, { namespace, signal }));
    return objects.flatMap((object) => parseService(object) ?? []);
  }
  /** A namespace may be younger than the cache. */
  async function readLabels(namespace: string): Promise<Readonly<Record<string, string>>> {
    const [cached] = namespaces.list(namespace);
    const object = cached ?? (await readForPods((signal) => client.get(NAMESPACES, { name: namespace }, { signal })));
    return object.metadata.labels ?? {};
  }
  async function readTargets(namespace: string, fresh: boolean): Promise<WantedTarget[]> {
    const cached = intercepts.isSynced() && !fresh;
    const found = cached ? intercepts.list(namespace) : await listIntercepts(namespace, readForPods);
    const standing = found.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return standing.map(({ spec: { target, action } }) => ({ ...target, action }));
  }

  return {
    isSynced,
    listIntercepts: (namespace) => listIntercepts(namespace, readForOurs),
    listServices: (namespace) => listServices(namespace, readForOurs),
    async listPods(namespace, selector) {
      const labelSelector = Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(',');
      const selection = { namespace, labelSelector, fieldSelector: LIVING_PODS };
      const objects = await readForOurs((signal) => client.list(PODS, { ...selection, signal }));
      return objects.flatMap((object) => parsePod(object) ?? []);
    },
    async readSession(name): Promise<Session | undefined> {
      try {
        const ref = { namespace: installNamespace, name };
        return parseSession(await readForOurs((signal) => client.get(SESSIONS, ref, { signal })));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async readNamespace(namespace, { fresh = false } = {}) {
      const [labels, services, targets] = await Promise.all([
        readLabels(namespace),
        listServices(namespace, readForPods),
        readTargets(namespace, fresh),
      ]);
      return { labels, services, targets };
    },
    async run(signal) {
      await Promise.all(collections.map((collection) => collection.run(signal)));
    },
  };
}
