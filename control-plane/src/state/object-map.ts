// What one watch has seen, as an immutable map. An object that is narrowed to an equal value changes nothing.

import { isDeepStrictEqual } from 'node:util';
import type { WatchEvent } from '../kubernetes/index.ts';
import type { ObjectKey } from './cluster-state.ts';

/** An object under its key in the state. */
export type Entry<T> = { readonly key: ObjectKey; readonly value: T };

export type ObjectMap<T> = {
  /** True if the map is another one now. */
  apply(event: WatchEvent<Entry<T>>): boolean;
  /** Never changes; `apply` makes a new one. */
  readonly current: ReadonlyMap<ObjectKey, T>;
};

export function createObjectMap<T>(): ObjectMap<T> {
  // Readers hold `published`; changes gather in `working`, and one copy per burst is made when somebody asks.
  let working = new Map<ObjectKey, T>();
  let published: ReadonlyMap<ObjectKey, T> | undefined = new Map();

  function apply(event: WatchEvent<Entry<T>>): boolean {
    const changed = event.type === 'listed' ? replaceAll(event.objects) : applyOne(event);
    if (changed) published = undefined;
    return changed;
  }

  function applyOne({ type, object }: Exclude<WatchEvent<Entry<T>>, { type: 'listed' }>): boolean {
    if (type === 'deleted') return working.delete(object.key);
    const before = working.get(object.key);
    if (before !== undefined && isDeepStrictEqual(before, object.value)) return false;
    working.set(object.key, object.value);
    return true;
  }

  function replaceAll(entries: readonly Entry<T>[]): boolean {
    const next = new Map(entries.map(({ key, value }) => [key, value]));
    if (isDeepStrictEqual(working, next)) return false;
    working = next;
    return true;
  }

  return {
    apply,
    get current() {
      published ??= new Map(working);
      return published;
    },
  };
}
