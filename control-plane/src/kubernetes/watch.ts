// List and watch: a list, then its changes, for ever. Broken connections resume where they stopped; a resource version
// that the API server no longer knows leads to a new list.

import type { Resource } from '../api/index.ts';
import { createBackOff } from './backoff.ts';
import type { Connection } from './connection.ts';
import { type ApiStatus, fromAnswer, fromNetworkError, fromStatus, isExpired, KubernetesError } from './errors.ts';
import { readJsonLines } from './json-lines.ts';
import { listPages } from './list.ts';
import { buildQuery, collectionPath, selectorQuery } from './paths.ts';
import { readText } from './request.ts';
import type { KubernetesObject, WatchEvent, WatchOptions } from './types.ts';

const BACK_OFF = { firstMs: 100, maxMs: 5000 };
/** The API server ends a watch after 5 to 10 minutes; asking for a random time keeps watches from ending together. */
const SHORTEST_WATCH_S = 300;
/** Bookmarks come about every minute: a watch silent for longer than two has lost its connection. */
const SILENCE_LIMIT_MS = 150_000;
/** A watch that ended sooner than this is waited for before the next, lest a broken server be asked in a loop. */
const SHORT_LIVED_MS = 1000;

/** Ends when the signal is aborted, and only then. */
export async function* watchObjects<T extends KubernetesObject, M>(
  connection: Connection,
  resource: Resource,
  options: WatchOptions<T, M>,
): AsyncGenerator<WatchEvent<M>> {
  const { signal, onTrouble } = options;
  // Without `narrow` the caller has asked for M = T.
  const narrow = options.narrow ?? ((object: T) => object as unknown as M);
  const backOff = createBackOff(BACK_OFF);
  let version: string | undefined;
  while (!signal.aborted) {
    let startedMs = Date.now();
    try {
      if (version === undefined) {
        const listed: Listed<M> = await listAll(connection, resource, options, narrow);
        yield { type: 'listed', ...listed };
        version = listed.version;
      }
      startedMs = Date.now();
      for await (const change of changesSince<T>(connection, resource, options, version)) {
        version = change.object.metadata.resourceVersion ?? version;
        backOff.reset();
        if (change.type !== 'bookmark') yield { type: change.type, object: narrow(change.object) };
      }
      if (Date.now() - startedMs >= SHORT_LIVED_MS) continue;
    } catch (error) {
      if (signal.aborted) return;
      if (mustListAnew(error)) version = undefined;
      if (!isExpired(error)) onTrouble?.(error instanceof Error ? error : new Error(String(error)));
    }
    await backOff.wait(signal);
  }
}

type Listed<M> = { objects: M[]; version: string };
type Change<T> = { type: 'changed' | 'deleted' | 'bookmark'; object: T };

async function listAll<T extends KubernetesObject, M>(
  connection: Connection,
  resource: Resource,
  options: WatchOptions<T, M>,
  narrow: (object: T) => M,
): Promise<Listed<M>> {
  const objects: M[] = [];
  let version = '';
  for await (const page of listPages<T>(connection, resource, options)) {
    for (const item of page.items) objects.push(narrow(item));
    version = page.resourceVersion;
  }
  return { objects, version };
}

async function* changesSince<T extends KubernetesObject>(
  connection: Connection,
  resource: Resource,
  options: WatchOptions<T, unknown>,
  version: string,
): AsyncGenerator<Change<T>> {
  const query = buildQuery({
    ...selectorQuery(options),
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: version,
    timeoutSeconds: Math.round(SHORTEST_WATCH_S * (1 + Math.random())),
  });
  const path = collectionPath(resource, options.namespace) + query;
  const response = await connection.send({ method: 'GET', path, signal: options.signal, isWatch: true });
  const status = response.statusCode ?? 0;
  if (status >= 400) throw fromAnswer(status, await readText(connection, response, options.signal));
  response.setTimeout(SILENCE_LIMIT_MS);
  try {
    for await (const line of readJsonLines(response)) yield parseChange<T>(line);
  } catch (error) {
    throw error instanceof KubernetesError ? error : fromNetworkError(error, connection.server.host);
  }
}

const CHANGE_TYPES: Record<string, Change<unknown>['type']> = {
  ADDED: 'changed',
  MODIFIED: 'changed',
  DELETED: 'deleted',
  BOOKMARK: 'bookmark',
};

/** Throws what an ERROR line says. */
function parseChange<T>(line: unknown): Change<T> {
  const { type, object } = line as { type: string; object: T };
  if (type === 'ERROR') throw fromStatus(object as ApiStatus);
  const change = CHANGE_TYPES[type];
  if (change === undefined) throw new KubernetesError('KUBERNETES_ANSWER_INVALID', `Unknown watch event ${type}.`);
  return { type: change, object };
}

/** After a refusal the version may be the reason; a lost connection or "too many requests" says nothing about it. */
function mustListAnew(error: unknown): boolean {
  return error instanceof KubernetesError && error.code !== 'KUBERNETES_UNREACHABLE' && error.status !== 429;
}
