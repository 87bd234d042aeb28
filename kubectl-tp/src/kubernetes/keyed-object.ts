// ConfigMaps and Secrets: read with the user's own rights, their keys as text for variables and as bytes for files.

import { CONFIG_MAPS, type Resource, SECRETS } from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { ConfigMap, Secret } from './objects.ts';
import { apiErrorOf } from './translate-error.ts';

export type KeyedKind = 'ConfigMap' | 'Secret';
export type KeyedObject = ConfigMap | Secret;
/** The object, or why it can't be had. `isAbsent`: there is none, as opposed to one that may not be read. */
export type KeyedRead = { readonly object: KeyedObject } | { readonly error: string; readonly isAbsent: boolean };

type Options = {
  readonly client: KubernetesClient;
  readonly kind: KeyedKind;
  readonly name: string;
  readonly namespace: string;
  readonly signal: AbortSignal;
};

export const KEYED_RESOURCES: Readonly<Record<KeyedKind, Resource>> = { ConfigMap: CONFIG_MAPS, Secret: SECRETS };

/** Throws only when it is aborted. */
export async function readKeyedObject({ client, kind, name, namespace, signal }: Options): Promise<KeyedRead> {
  try {
    return { object: await client.get<KeyedObject>(KEYED_RESOURCES[kind], { name, namespace }, { signal }) };
  } catch (error) {
    signal.throwIfAborted();
    return {
      error: error instanceof Error ? error.message : String(error),
      isAbsent: isNotFound(apiErrorOf(error)),
    };
  }
}

/** Variables come from text alone: a ConfigMap's binary data are for files. */
export function textsOf(kind: KeyedKind, { data = {} }: KeyedObject): Record<string, string> {
  if (kind === 'ConfigMap') return { ...data };
  return mapValues(data, (value) => Buffer.from(value, 'base64').toString('utf8'));
}

export function bytesOf(kind: KeyedKind, object: KeyedObject): Record<string, Buffer> {
  const { data = {} } = object;
  if (kind === 'Secret') return mapValues(data, (value) => Buffer.from(value, 'base64'));
  const { binaryData = {} } = object as ConfigMap;
  return {
    ...mapValues(data, (value) => Buffer.from(value, 'utf8')),
    ...mapValues(binaryData, (value) => Buffer.from(value, 'base64')),
  };
}

function mapValues<T>(values: Readonly<Record<string, string>>, map: (value: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}
