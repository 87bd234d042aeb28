// Long lists in pages, so that what a page holds can be narrowed before the next one arrives.

import type { Resource } from '../api/index.ts';
import type { Connection } from './connection.ts';
import { buildQuery, collectionPath, selectorQuery } from './paths.ts';
import { sendJson } from './request.ts';
import type { KubernetesObject, ListOptions } from './types.ts';

/** Bounds the memory that parsing a long list needs at once. */
const PAGE_SIZE = 500;

export type ListPage<T> = { readonly items: T[]; readonly resourceVersion: string };

/** The pages of one consistent list; each names the resource version to watch from. */
export async function* listPages<T extends KubernetesObject>(
  connection: Connection,
  resource: Resource,
  options: ListOptions & { signal?: AbortSignal },
): AsyncGenerator<ListPage<T>> {
  let next: string | undefined;
  do {
    const query = buildQuery({ ...selectorQuery(options), limit: PAGE_SIZE, continue: next });
    const path = collectionPath(resource, options.namespace) + query;
    const list = await sendJson<List<T>>(connection, { method: 'GET', path, signal: options.signal });
    yield { items: list.items ?? [], resourceVersion: list.metadata?.resourceVersion ?? '' };
    next = list.metadata?.continue || undefined;
  } while (next !== undefined);
}

type List<T> = { items?: T[]; metadata?: { resourceVersion?: string; continue?: string } };
