// The session's intercepts as the API server has them, kept by one watch per namespace in use. Somebody else's
// `kubectl delete intercept` ends one here, too. What an answer to ourselves has put here is never undone by a watch that
// lags behind it.

import { INTERCEPTS, type Intercept, SESSION_LABEL } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { Log } from '../../log.ts';
import { interceptKey } from './intercept-key.ts';

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
  /** It is over, whoever ended it. One that was made anew under its name is another one. */
  readonly onRemoved: (intercept: Intercept) => void;
};

export function createInterceptTable({ client, session, signal, log, onChange, onRemoved }: Options): InterceptTable {
  const intercepts = new Map<string, Intercept>();
  const followed = new Map<string, Promise<void>>();
  const labelSelector = `${SESSION_LABEL}=${session}`;

  function put(intercept: Intercept): void {
    const key = interceptKey(intercept.metadata);
    const known = intercepts.get(key);
    intercepts.set(key, intercept);
    if (known !== undefined && known.metadata.uid !== intercept.metadata.uid) onRemoved(known);
    onChange();
  }

  function replaceNamespace(namespace: string, listed: readonly Intercept[], version?: string): void {
    const uids = new Set(listed.map(({ metadata }) => metadata.uid));
    for (const { metadata } of intercepts.values()) {
      const isOlder = metadata.namespace === namespace && !isNewer(metadata.resourceVersion, version);
      if (isOlder && !uids.has(metadata.uid)) drop(metadata);
    }
    for (const intercept of listed) putUnlessOlder(intercept);
    onChange();
  }

  function putUnlessOlder(seen: Intercept): void {
    const known = intercepts.get(interceptKey(seen.metadata));
    if (!isNewer(known?.metadata.resourceVersion, seen.metadata.resourceVersion)) put(seen);
  }

  /** The end of an earlier object of the same name says nothing about this one. */
  function removeSeen({ metadata }: Intercept): void {
    if (intercepts.get(interceptKey(metadata))?.metadata.uid === metadata.uid) remove(metadata);
  }

  function remove(intercept: InterceptName): void {
    drop(intercept);
    onChange();
  }

  function drop(intercept: InterceptName): void {
    const key = interceptKey(intercept);
    const known = intercepts.get(key);
    intercepts.delete(key);
    if (known !== undefined) onRemoved(known);
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
    get: (namespace, name) => intercepts.get(interceptKey({ namespace, name })),
    all: () => [...intercepts.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    put,
    remove: (namespace, name) => remove({ namespace, name }),
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
