// What the webhook sees of the cluster. Pods are admitted from watch caches, so that the API server's own slowness costs
// no pod anything; Intercepts and Sessions are rare and decide about rights, so what they need is read at that moment.

import {
  INTERCEPTS,
  type Intercept,
  type InterceptTarget,
  NAMESPACES,
  SERVICES,
  SESSIONS,
  type Session,
} from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { InterceptReader } from '../admission/admit-intercept.ts';
import type { NamespaceView, ServiceView } from '../inject/namespace-view.ts';
import { parseIntercept, parseService, parseSession } from './parse-objects.ts';
import { createWatchedCollection } from './watched-collection.ts';

/** Within the three seconds that the API server waits for an answer about a pod. */
const READ_TIMEOUT_MS = 2000;

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

  async function listIntercepts(namespace: string): Promise<Intercept[]> {
    const objects = await client.list(INTERCEPTS, { namespace, signal: timeout() });
    return objects.flatMap((object) => parseIntercept(object) ?? []);
  }
  async function listServices(namespace: string): Promise<readonly ServiceView[]> {
    if (services.isSynced()) return services.list(namespace);
    const objects = await client.list(SERVICES, { namespace, signal: timeout() });
    return objects.flatMap((object) => parseService(object) ?? []);
  }
  /** A namespace may be younger than the cache. */
  async function readLabels(namespace: string): Promise<Readonly<Record<string, string>>> {
    const [cached] = namespaces.list(namespace);
    const object = cached ?? (await client.get(NAMESPACES, { name: namespace }, { signal: timeout() }));
    return object.metadata.labels ?? {};
  }
  async function readTargets(namespace: string, fresh: boolean): Promise<InterceptTarget[]> {
    const cached = intercepts.isSynced() && !fresh;
    const found = cached ? intercepts.list(namespace) : await listIntercepts(namespace);
    return found.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ spec }) => spec.target);
  }

  return {
    isSynced,
    listIntercepts,
    listServices,
    async readSession(name): Promise<Session | undefined> {
      try {
        return parseSession(await client.get(SESSIONS, { namespace: installNamespace, name }, { signal: timeout() }));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async readNamespace(namespace, { fresh = false } = {}) {
      const [labels, services, targets] = await Promise.all([
        readLabels(namespace),
        listServices(namespace),
        readTargets(namespace, fresh),
      ]);
      return { labels, services, targets };
    },
    async run(signal) {
      await Promise.all(collections.map((collection) => collection.run(signal)));
    },
  };
}

function timeout(): AbortSignal {
  return AbortSignal.timeout(READ_TIMEOUT_MS);
}
