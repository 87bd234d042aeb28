// Keeps one copy of resources that many nodes have in common (pods of one workload have the same tunnels), so that a
// node costs the memory of what is its own.

import { RESOURCE_TYPES, type Resource, type ResourceSet, type ResourceType } from '../resource-set.ts';

export type ResourcePool = {
  /** The same set made of pooled resources; `release` it when it is no longer served. */
  share(set: ResourceSet): ResourceSet;
  release(set: ResourceSet): void;
  /** How many distinct resources there are. */
  readonly size: number;
};

export function createResourcePool(): ResourcePool {
  const entries = new Map<string, { readonly resource: Resource; users: number }>();

  function take(type: ResourceType, resource: Resource): Resource {
    const key = keyOf(type, resource);
    const entry = entries.get(key) ?? { resource, users: 0 };
    entry.users += 1;
    entries.set(key, entry);
    return entry.resource;
  }

  function giveBack(type: ResourceType, resource: Resource): void {
    const key = keyOf(type, resource);
    const entry = entries.get(key);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users === 0) entries.delete(key);
  }

  return {
    share: (set) => mapResources(set, take),
    release: (set) => {
      for (const type of RESOURCE_TYPES) for (const resource of set[type].values()) giveBack(type, resource);
    },
    get size() {
      return entries.size;
    },
  };
}

function mapResources(set: ResourceSet, map: (type: ResourceType, resource: Resource) => Resource): ResourceSet {
  const shared = (type: ResourceType) =>
    new Map([...set[type]].map(([name, resource]) => [name, map(type, resource)] as const));
  return {
    cluster: shared('cluster'),
    endpoint: shared('endpoint'),
    secret: shared('secret'),
    listener: shared('listener'),
    route: shared('route'),
  };
}

function keyOf(type: ResourceType, { name, version }: Resource): string {
  return `${type}/${version}/${name}`;
}
