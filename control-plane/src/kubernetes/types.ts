// The interface to the API server that control plane, relay, webhook and laptop share.

import type { Resource } from '../api/index.ts';

/** The least an object from the API has. What is read beyond it enters through a `parse*` function. */
export type KubernetesObject = {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  };
};

export type ObjectRef = { name: string; namespace?: string };
export type ListOptions = { namespace?: string; labelSelector?: string; fieldSelector?: string };
export type RequestOptions = { signal?: AbortSignal; dryRun?: boolean; subresource?: string };
export type PatchType = 'merge' | 'json' | 'apply';

/** One step of a watch: everything there is (after each new list) as of a resource version, or one change. */
export type WatchEvent<T> =
  | { type: 'listed'; objects: T[]; version?: string }
  | { type: 'changed'; object: T }
  | { type: 'deleted'; object: T };

export type WatchOptions<T, M> = ListOptions & {
  signal: AbortSignal;
  /** Hears of each failure that the watch is about to recover from. */
  onTrouble?: (error: Error) => void;
  narrow?: (object: T) => M;
};

/**
 * A client of one API server. All methods throw `KubernetesError` for refusals (with the API's `Status`) and for an
 * unreachable server; all take an AbortSignal.
 */
export interface KubernetesClient {
  get<T extends KubernetesObject>(resource: Resource, ref: ObjectRef, options?: RequestOptions): Promise<T>;
  list<T extends KubernetesObject>(resource: Resource, options?: ListOptions & RequestOptions): Promise<T[]>;
  create<T extends KubernetesObject>(
    resource: Resource,
    object: object,
    options?: { namespace?: string } & RequestOptions,
  ): Promise<T>;
  patch<T extends KubernetesObject>(
    resource: Resource,
    ref: ObjectRef,
    patch: unknown,
    options?: { type?: PatchType } & RequestOptions,
  ): Promise<T>;
  replace<T extends KubernetesObject>(
    resource: Resource,
    object: KubernetesObject,
    options?: RequestOptions,
  ): Promise<T>;
  /** Resolves also when the object is already gone. */
  delete(resource: Resource, ref: ObjectRef, options?: { uid?: string } & RequestOptions): Promise<void>;
  /**
   * List and watch with resume: never ends but by the signal, reconnects with back-off, lists anew when it must.
   * With `narrow` the events carry what it makes of each object; whole objects then live only as long as one page of
   * a list, which keeps thousands of pods cheap.
   */
  watch<T extends KubernetesObject, M = T>(
    resource: Resource,
    options: WatchOptions<T, M>,
  ): AsyncIterable<WatchEvent<M>>;
  /** The way to the API server has changed: resumes watches and forgets kept-alive connections, which may be dead. */
  connectAnew(): void;
}
