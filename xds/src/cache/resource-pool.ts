// Keeps one copy of resources that many nodes have in common (pods of one workload have the same tunnels), so that a
// node costs the memory of what is its own.

import { isSameOfType, RESOURCE_TYPES, type Resource, type ResourceSet, type ResourceType } from '../resource-set.ts';

type Resources = ResourceSet[ResourceType];

const NOTHING: Resources = new Map();

export type ResourcePool = {
  /**
   * The same set made of pooled resources; `release` it when it is no longer served. `before` is released. Types that it
   * has just so keep their maps, so that whoever compares them sees at once that nothing has changed.
   */
  replace(before: ResourceSet | undefined, set: ResourceSet): ResourceSet;
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

  function replaceType(type: ResourceType, before: Resources, wanted: Resources): Resources {
    if (isSameOfType(before, wanted)) return before;
    const keep = (resource: Resource): Resource => {
      const old = before.get(resource.name);
      return old?.version === resource.version ? old : take(type, resource);
    };
    const next = new Map([...wanted].map(([name, resource]) => [name, keep(resource)]));
    for (const [name, old] of before) if (next.get(name) !== old) giveBack(type, old);
    return next;
  }

  return {
    replace: (before, set) => mapTypes((type) => replaceType(type, before?.[type] ?? NOTHING, set[type])),
    release(set) {
      for (const type of RESOURCE_TYPES) for (const resource of set[type].values()) giveBack(type, resource);
    },
    get size() {
      return entries.size;
    },
  };
}

function mapTypes(map: (type: ResourceType) => Resources): ResourceSet {
  return {
    cluster: map('cluster'),
    endpoint: map('endpoint'),
    secret: map('secret'),
    listener: map('listener'),
    route: map('route'),
  };
}

function keyOf(type: ResourceType, { name, version }: Resource): string {
  return `${type}/${version}/${name}`;
}
