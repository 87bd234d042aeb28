// The session's intercepts as the API server has them, kept by one watch per namespace in use. Somebody else's
// `kubectl delete intercept` ends one here, too. What an answer to ourselves has put here is never undone by a watch that
// lags behind it.

import { INTERCEPTS, type Intercept, SESSION_LABEL } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { Log } from './log.ts';

export type InterceptTable = {
  /** Resolves when the namespace's intercepts are known. */
  follow(namespace: string): Promise<void>;
  get(namespace: string, name: string): Intercept | undefined;
  all(): Intercept[];
  /** What the API server just answered, ahead of the watch. */
  put(intercept: Intercept): void;
  remove(namespace: string, name: string): void;
  /** The session is gone, and its intercepts with it. */
  clear(): void;
};

type Options = {
  readonly client: KubernetesClient;
  readonly session: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly onChange: () => void;
};

export function createInterceptTable({ client, session, signal, log, onChange }: Options): InterceptTable {
  const intercepts = new Map<string, Intercept>();
  const followed = new Map<string, Promise<void>>();
  const keyOf = (namespace: string, name: string) => `${namespace}/${name}`;
  const keyOfObject = ({ metadata }: Intercept) => keyOf(metadata.namespace, metadata.name);
  const labelSelector = `${SESSION_LABEL}=${session}`;

  function put(intercept: Intercept): void {
    intercepts.set(keyOfObject(intercept), intercept);
    onChange();
  }

  function replaceNamespace(namespace: string, listed: readonly Intercept[], version?: string): void {
    for (const [key, { metadata }] of intercepts) {
      if (metadata.namespace === namespace && !isNewer(metadata.resourceVersion, version)) intercepts.delete(key);
    }
    for (const intercept of listed) putUnlessOlder(intercept);
    onChange();
  }

  function putUnlessOlder(seen: Intercept): void {
    const known = intercepts.get(keyOfObject(seen));
    if (!isNewer(known?.metadata.resourceVersion, seen.metadata.resourceVersion)) put(seen);
  }

  /** The end of an earlier object of the same name says nothing about this one. */
  function removeSeen({ metadata }: Intercept): void {
    if (intercepts.get(keyOf(metadata.namespace, metadata.name))?.metadata.uid !== metadata.uid) return;
    remove(metadata.namespace, metadata.name);
  }

  function remove(namespace: string, name: string): void {
    intercepts.delete(keyOf(namespace, name));
    onChange();
  }

  async function watchNamespace(namespace: string): Promise<void> {
    const onTrouble = (error: Error) => log('watching intercepts failed', { namespace, error: error.message });
    for await (const event of client.watch<Intercept>(INTERCEPTS, { namespace, labelSelector, signal, onTrouble })) {
      if (event.type === 'listed') replaceNamespace(namespace, event.objects, event.version);
      else if (event.type === 'changed') putUnlessOlder(event.object);
      else removeSeen(event.object);
    }
  }

  async function start(namespace: string): Promise<void> {
    // The list tells a missing right at once; the watch would only keep trying.
    replaceNamespace(namespace, await client.list<Intercept>(INTERCEPTS, { namespace, labelSelector, signal }));
    void watchNamespace(namespace).catch((error) =>
      log('watching intercepts ended', { namespace, error: String(error) }),
    );
  }

  return {
    follow(namespace) {
      const known = followed.get(namespace);
      if (known !== undefined) return known;
      const started = start(namespace);
      followed.set(namespace, started);
      started.catch(() => followed.delete(namespace));
      return started;
    },
    get: (namespace, name) => intercepts.get(keyOf(namespace, name)),
    all: () => [...intercepts.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    put,
    remove,
    clear() {
      intercepts.clear();
      onChange();
    },
  };
}

/** Resource versions are decimal numbers that grow (Kubernetes API concepts, "Resource versions"). */
function isNewer(version: string | undefined, than: string | undefined): boolean {
  return DECIMAL.test(version ?? '') && DECIMAL.test(than ?? '') && BigInt(version ?? 0) > BigInt(than ?? 0);
}
const DECIMAL = /^\d+$/;
