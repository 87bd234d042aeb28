// The thin JSON client of the Kubernetes API: verbs as methods, objects as they come.

import type { Resource } from '../api/index.ts';
import { type ApiRequest, createConnection, type KubeAccess } from './connection.ts';
import { isNotFound } from './errors.ts';
import { listPages } from './list.ts';
import { buildQuery, collectionPath, objectPath, type Query } from './paths.ts';
import { sendJson } from './request.ts';
import type { KubernetesClient, KubernetesObject, ListOptions, PatchType, RequestOptions } from './types.ts';
import { watchObjects } from './watch.ts';

/** Who the API server says changed a field. */
const FIELD_MANAGER = 'kubectl-tp';

const PATCH_CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

export function createKubernetesClient(access: KubeAccess): KubernetesClient {
  const connection = createConnection(access);
  return {
    get: (resource, ref, options = {}) =>
      sendJson(connection, {
        method: 'GET',
        path: objectPath(resource, ref, options.subresource),
        signal: options.signal,
      }),

    async list<T extends KubernetesObject>(resource: Resource, options: ListOptions & RequestOptions = {}) {
      const objects: T[] = [];
      for await (const page of listPages<T>(connection, resource, options)) objects.push(...page.items);
      return objects;
    },

    create: (resource, object, options = {}) =>
      sendJson(connection, {
        method: 'POST',
        path: collectionPath(resource, options.namespace ?? namespaceOf(object)) + writeQuery(options),
        body: jsonBody(object),
        signal: options.signal,
      }),

    patch: (resource, ref, patch, options = {}) =>
      sendJson(connection, {
        method: 'PATCH',
        path: objectPath(resource, ref, options.subresource) + patchQuery(options),
        body: jsonBody(patch, PATCH_CONTENT_TYPES[options.type ?? 'merge']),
        signal: options.signal,
      }),

    replace: (resource, object, options = {}) =>
      sendJson(connection, {
        method: 'PUT',
        path: objectPath(resource, object.metadata, options.subresource) + writeQuery(options),
        body: jsonBody(object),
        signal: options.signal,
      }),

    async delete(resource, ref, options = {}) {
      const preconditions = options.uid === undefined ? {} : { preconditions: { uid: options.uid } };
      const body = jsonBody({ apiVersion: 'v1', kind: 'DeleteOptions', ...preconditions });
      const path = objectPath(resource, ref) + buildQuery({ dryRun: dryRunOf(options) });
      await sendJson(connection, { method: 'DELETE', path, body, signal: options.signal }).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    },

    watch: (resource, options) => watchObjects(connection, resource, options),
    connectAnew: connection.connectAnew,
  };
}

function jsonBody(value: unknown, type = 'application/json'): NonNullable<ApiRequest['body']> {
  return { type, text: JSON.stringify(value) };
}

function writeQuery(options: RequestOptions): string {
  return buildQuery(writeParameters(options));
}

/** Server-side apply takes fields over from other managers: whoever applies is the owner of what it names. */
function patchQuery(options: RequestOptions & { type?: PatchType }): string {
  return buildQuery({ ...writeParameters(options), force: options.type === 'apply' ? true : undefined });
}

function writeParameters(options: RequestOptions): Query {
  return { dryRun: dryRunOf(options), fieldManager: FIELD_MANAGER };
}

function dryRunOf({ dryRun }: RequestOptions): string | undefined {
  return dryRun === true ? 'All' : undefined;
}

function namespaceOf(object: object): string | undefined {
  const { metadata } = object as { metadata?: { namespace?: string } };
  return metadata?.namespace;
}
