// An API server in memory, as far as the relay needs one: objects by resource, changes by watch, trouble on demand.

import type { Resource } from '../../control-plane/src/api/index.ts';
import {
  type KubernetesClient,
  KubernetesError,
  type KubernetesObject,
  type ObjectRef,
  type WatchEvent,
} from '../../control-plane/src/kubernetes/index.ts';

type Watcher = { resource: Resource; push(event: WatchEvent<KubernetesObject>): void };

export type MemoryKubernetes = {
  client: KubernetesClient;
  put(resource: Resource, object: KubernetesObject): void;
  remove(resource: Resource, name: string): void;
  /** Names of the objects of a resource, sorted. */
  names(resource: Resource): string[];
  find(resource: Resource, name: string): KubernetesObject | undefined;
  /** While true every request fails as if nobody answered. */
  isAway: boolean;
};

export function createMemoryKubernetes(): MemoryKubernetes {
  const objects = new Map<string, KubernetesObject>();
  const watchers = new Set<Watcher>();
  const keyOf = (resource: Resource, name: string) => `${resource.plural}/${name}`;
  const ofResource = (resource: Resource) =>
    [...objects].filter(([key]) => key.startsWith(`${resource.plural}/`)).map(([, object]) => object);
  const tell = (resource: Resource, event: WatchEvent<KubernetesObject>) => {
    for (const watcher of watchers) if (watcher.resource.plural === resource.plural) watcher.push(event);
  };

  const memory: MemoryKubernetes = {
    isAway: false,
    put(resource, object) {
      objects.set(keyOf(resource, object.metadata.name), object);
      tell(resource, { type: 'changed', object });
    },
    remove(resource, name) {
      const object = objects.get(keyOf(resource, name));
      objects.delete(keyOf(resource, name));
      if (object !== undefined) tell(resource, { type: 'deleted', object });
    },
    names: (resource) =>
      ofResource(resource)
        .map((object) => object.metadata.name)
        .sort(),
    find: (resource, name) => objects.get(keyOf(resource, name)),
    client: undefined as unknown as KubernetesClient,
  };

  async function answer<T>(make: () => T): Promise<T> {
    await Promise.resolve();
    if (memory.isAway) throw new KubernetesError('KUBERNETES_UNREACHABLE', 'nobody answers');
    return make();
  }

  function get<T>(resource: Resource, { name }: ObjectRef): T {
    const object = memory.find(resource, name);
    if (object === undefined) throw new KubernetesError('KUBERNETES_REFUSED', `no ${name}`, { status: 404 });
    return object as T;
  }

  function store<T>(resource: Resource, object: unknown): T {
    memory.put(resource, object as KubernetesObject);
    return object as T;
  }

  async function* watch<T extends KubernetesObject>(
    resource: Resource,
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    const queue: WatchEvent<KubernetesObject>[] = [{ type: 'listed', objects: ofResource(resource) }];
    let wake = (): void => undefined;
    const push = (event: WatchEvent<KubernetesObject>) => {
      queue.push(event);
      wake();
    };
    const watcher = { resource, push };
    watchers.add(watcher);
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      const event = queue.shift();
      if (event !== undefined) yield event as WatchEvent<T>;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    watchers.delete(watcher);
  }

  memory.client = {
    get: (resource, ref) => answer(() => get(resource, ref)),
    list: <T>(resource: Resource) => answer(() => ofResource(resource) as T[]),
    create: (resource, object) => answer(() => store(resource, object)),
    patch: (resource, _ref, patch, { type = 'merge' } = {}) =>
      answer(() => {
        // The whole object, as one who owns all of it applies it.
        if (type !== 'apply') throw new Error(`no patch of type ${type} in memory`);
        return store(resource, patch);
      }),
    replace: (resource, object) => answer(() => store(resource, object)),
    delete: (resource, { name }, { uid } = {}) =>
      answer(() => {
        const is = memory.find(resource, name)?.metadata.uid;
        if (uid !== undefined && is !== undefined && is !== uid) {
          throw new KubernetesError('KUBERNETES_REFUSED', `the uid is ${is}`, { status: 409 });
        }
        memory.remove(resource, name);
      }),
    // Narrowing is for large clusters; nobody here asks for it.
    watch: watch as KubernetesClient['watch'],
    connectAnew: () => undefined,
  };
  return memory;
}
