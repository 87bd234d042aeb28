// All objects of one resource in the cluster, narrowed and by namespace, kept current by a watch.

import type { Resource } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient, KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';

export type WatchedCollection<V> = {
  /** The first list has arrived. */
  isSynced(): boolean;
  /** Cluster-wide objects count as the only one of the namespace that has their name. */
  list(namespace: string): readonly V[];
  /** Keeps watching until the signal; call it once. */
  run(signal: AbortSignal): Promise<void>;
};

/** `parse` returns undefined for an object to leave out. */
export function createWatchedCollection<V>({
  client,
  resource,
  parse,
  onTrouble,
}: {
  client: KubernetesClient;
  resource: Resource;
  parse: (object: KubernetesObject) => V | undefined;
  onTrouble: (error: Error) => void;
}): WatchedCollection<V> {
  let synced = false;
  let namespaces = new Map<string, Map<string, V>>();

  function set(object: KubernetesObject): void {
    const value = parse(object);
    if (value === undefined) {
      remove(object);
      return;
    }
    const key = namespaceOf(object);
    const values = namespaces.get(key) ?? new Map<string, V>();
    namespaces.set(key, values.set(object.metadata.name, value));
  }

  function remove(object: KubernetesObject): void {
    const values = namespaces.get(namespaceOf(object));
    values?.delete(object.metadata.name);
    if (values?.size === 0) namespaces.delete(namespaceOf(object));
  }

  return {
    isSynced: () => synced,
    list: (namespace) => [...(namespaces.get(namespace)?.values() ?? [])],
    async run(signal) {
      for await (const event of client.watch(resource, { signal, onTrouble })) {
        if (event.type === 'changed') set(event.object);
        if (event.type === 'deleted') remove(event.object);
        if (event.type === 'listed') {
          namespaces = new Map();
          event.objects.forEach(set);
          synced = true;
        }
      }
    },
  };
}

function namespaceOf({ metadata }: KubernetesObject): string {
  return metadata.namespace ?? metadata.name;
}
