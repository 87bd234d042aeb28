// The list of what the control plane watches, and how each kind of object enters the state.

import {
  DAEMON_SETS,
  DEPLOYMENTS,
  INTERCEPTS,
  type Intercept,
  LEASES,
  LIVING_PODS,
  NAMESPACES,
  PODS,
  type Resource,
  SERVICES,
  SESSION_LABEL,
  SESSIONS,
  type Session,
  STATEFUL_SETS,
} from '../api/index.ts';
import type { KubernetesClient, KubernetesObject, ListOptions } from '../kubernetes/index.ts';
import { type NamespaceModel, type WorkloadKind, workloadKey } from './cluster-state.ts';
import { createObjectMap, type Entry, type ObjectMap } from './object-map.ts';
import { parseTunnelLease, type RawLease } from './parse-lease.ts';
import { parseNamespace } from './parse-namespace.ts';
import { parseOwnObject } from './parse-own-object.ts';
import { parsePod, type RawPod } from './parse-pod.ts';
import { parseService, type RawService } from './parse-service.ts';
import { parseWorkload, type RawWorkload } from './parse-workload.ts';

export type WatchHandlers = {
  readonly signal: AbortSignal;
  onListed(watch: string): void;
  onChange(): void;
  onTrouble(watch: string, error: Error): void;
};

/** One watch: its objects, and the loop that keeps them current until the signal ends it. */
export type Watched<T> = ObjectMap<T> & { readonly name: string; run(handlers: WatchHandlers): Promise<void> };

export type WatchedObjects = ReturnType<typeof createWatchedObjects>;

export function createWatchedObjects(client: KubernetesClient, installNamespace: string) {
  const inInstall = { namespace: installNamespace };
  return {
    intercepts: watched<Intercept, Intercept>(client, INTERCEPTS, parseOwnObject),
    sessions: watched<Session, Session>(client, SESSIONS, parseOwnObject, inInstall),
    services: watched<RawService, ReturnType<typeof parseService>>(client, SERVICES, parseService),
    pods: watched<RawPod, ReturnType<typeof parsePod>>(client, PODS, parsePod, {
      fieldSelector: LIVING_PODS,
    }),
    deployments: watchedWorkloads(client, DEPLOYMENTS, 'Deployment'),
    statefulSets: watchedWorkloads(client, STATEFUL_SETS, 'StatefulSet'),
    daemonSets: watchedWorkloads(client, DAEMON_SETS, 'DaemonSet'),
    namespaces: watched<KubernetesObject, NamespaceModel>(client, NAMESPACES, parseNamespace),
    tunnelLeases: watched<RawLease, ReturnType<typeof parseTunnelLease>>(client, LEASES, parseTunnelLease, {
      ...inInstall,
      labelSelector: SESSION_LABEL,
    }),
  };
}

function watchedWorkloads(client: KubernetesClient, resource: Resource, kind: WorkloadKind) {
  const parse = (workload: RawWorkload) => parseWorkload(kind, workload);
  return watched(client, resource, parse, { keyOf: (model) => workloadKey(model) });
}

type Options<M> = ListOptions & { keyOf?: (model: M) => string };

/** Objects of one namespace are known by their name alone. */
function watched<T extends KubernetesObject, M>(
  client: KubernetesClient,
  resource: Resource,
  parse: (object: T) => M,
  { keyOf, ...selection }: Options<M> = {},
): Watched<M> {
  const map = createObjectMap<M>();
  const isSingleScope = selection.namespace !== undefined || !resource.namespaced;

  function narrow(object: T): Entry<M> {
    const value = parse(object);
    const { namespace, name } = object.metadata;
    return { key: keyOf?.(value) ?? (isSingleScope ? name : `${namespace}/${name}`), value };
  }

  async function run({ signal, onListed, onChange, onTrouble }: WatchHandlers): Promise<void> {
    const trouble = (error: Error) => onTrouble(resource.plural, error);
    for await (const event of client.watch<T, Entry<M>>(resource, {
      ...selection,
      signal,
      narrow,
      onTrouble: trouble,
    })) {
      if (map.apply(event)) onChange();
      if (event.type === 'listed') onListed(resource.plural);
    }
  }

  return {
    name: resource.plural,
    run,
    apply: map.apply,
    get current() {
      return map.current;
    },
  };
}
