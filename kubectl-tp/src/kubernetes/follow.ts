// A list that stays current in the background.

import type { Resource } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient, KubernetesObject, ListOptions, WatchEvent } from '@kubectl-tp/control-plane/kubernetes';

export type FollowOptions<T> = ListOptions & {
  readonly signal: AbortSignal;
  /** All objects, after each change. */
  readonly onChange: (objects: readonly T[]) => void;
  readonly onTrouble?: (error: Error) => void;
};

/** Gives the objects seen so far: undefined before the first list, and for ever where the user may not see them. */
export function followObjects<T extends KubernetesObject>(
  client: KubernetesClient,
  resource: Resource,
  { onChange, ...options }: FollowOptions<T>,
): () => readonly T[] | undefined {
  let objects: readonly T[] | undefined;
  const run = async () => {
    const byName = new Map<string, T>();
    for await (const event of client.watch<T>(resource, options)) {
      apply(byName, event);
      objects = [...byName.values()];
      onChange(objects);
    }
  };
  run().catch((error: Error) => options.onTrouble?.(error));
  return () => objects;
}

function apply<T extends KubernetesObject>(byName: Map<string, T>, event: WatchEvent<T>): void {
  if (event.type === 'listed') {
    byName.clear();
    for (const object of event.objects) byName.set(keyOf(object), object);
  } else if (event.type === 'deleted') byName.delete(keyOf(event.object));
  else byName.set(keyOf(event.object), event.object);
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
