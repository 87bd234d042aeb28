// A small API server over real TLS for tests: stores objects, gives out resource versions, streams watches, applies merge
// patches. Faults are made on demand. One that only says what it is told is in scripted-api.ts.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { json } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import type { KubernetesObject } from '../../control-plane/src/kubernetes/index.ts';
import { createTestCertificate } from './test-certificate.ts';

export const TOKEN = 'the-right-token';

type Watch = { readonly collection: string; readonly query: URLSearchParams; readonly response: ServerResponse };
export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => boolean | Promise<boolean>;

export type FakeApi = {
  readonly kubeConfig: KubeConfig;
  readonly port: number;
  /** `GET /path?query` of each request, in order. */
  readonly requests: string[];
  readonly watches: ReadonlySet<Watch>;
  /** Asked before anything else; true = it has answered. */
  intercept: Handler | undefined;
  /** Stores an object and tells the watches. `collection` as in the path: `/api/v1/namespaces/shop/pods`. */
  put(collection: string, object: KubernetesObject): void;
  remove(collection: string, name: string): void;
  find<T extends KubernetesObject>(collection: string, name: string): T | undefined;
  /** Versions before now can no longer be watched from. */
  forgetHistory(): void;
  close(): Promise<void>;
};

export async function startFakeApi(): Promise<FakeApi> {
  const { certificateChain, privateKey } = await createTestCertificate('localhost');
  const objects = new Map<string, KubernetesObject>();
  const history: { version: number; collection: string; object: KubernetesObject; line: string }[] = [];
  const watches = new Set<Watch>();
  let version = 1;
  let oldest = 0;

  function tell(type: string, collection: string, object: KubernetesObject): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    history.push({ version, collection, object, line });
    for (const watch of watches) {
      const concerns = isWithin(collection, watch.collection) && isSelected(object, watch.query);
      if (concerns && !watch.response.writableEnded) watch.response.write(line);
    }
  }

  function put(collection: string, object: KubernetesObject): void {
    version += 1;
    const path = `${collection}/${object.metadata.name}`;
    const type = objects.has(path) ? 'MODIFIED' : 'ADDED';
    const stored = {
      ...object,
      metadata: { uid: `uid-${version}`, ...object.metadata, resourceVersion: `${version}` },
    };
    objects.set(path, stored);
    tell(type, collection, stored);
  }

  function remove(collection: string, name: string): void {
    const object = objects.get(`${collection}/${name}`);
    if (object === undefined) return;
    version += 1;
    objects.delete(`${collection}/${name}`);
    tell('DELETED', collection, { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } });
  }

  function list(collection: string, query: URLSearchParams, response: ServerResponse): void {
    const all = [...objects].filter(
      ([path, object]) => isWithin(path.slice(0, path.lastIndexOf('/')), collection) && isSelected(object, query),
    );
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit') ?? all.length);
    const next = end < all.length ? { continue: `${end}` } : {};
    answer(response, 200, {
      metadata: { resourceVersion: `${version}`, ...next },
      items: all.slice(start, end).map(([, object]) => object),
    });
  }

  function watch(collection: string, query: URLSearchParams, response: ServerResponse): void {
    response.writeHead(200).flushHeaders();
    const from = Number(query.get('resourceVersion'));
    const missed = history.filter((event) => event.version > from && isWithin(event.collection, collection));
    for (const event of missed) if (isSelected(event.object, query)) response.write(event.line);
    const entry = { collection, query, response };
    watches.add(entry);
    response.once('close', () => watches.delete(entry));
  }

  async function change(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const target = path.replace(/\/status$/, '');
    const collection = target.slice(0, target.lastIndexOf('/'));
    const body = (await json(request)) as KubernetesObject;
    if (request.method === 'POST') return store(response, target, body);
    const before = objects.get(target);
    if (before === undefined) return refuse(response, 404, 'NotFound', `${target} not found`);
    if (request.method === 'DELETE') {
      remove(collection, before.metadata.name);
      return answer(response, 200, { kind: 'Status', status: 'Success' });
    }
    const { uid, resourceVersion } = (body.metadata ?? {}) as KubernetesObject['metadata'];
    const isStale = resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion;
    if (isStale || (uid ?? before.metadata.uid) !== before.metadata.uid) {
      return refuse(response, 409, 'Conflict', 'the object has been modified');
    }
    put(collection, request.method === 'PUT' ? body : (mergePatch(before, body) as KubernetesObject));
    answer(response, 200, objects.get(target) ?? {});
  }

  function store(response: ServerResponse, collection: string, object: KubernetesObject): void {
    const { generateName } = (object.metadata ?? {}) as { generateName?: string };
    const name = object.metadata?.name ?? `${generateName}${version}`;
    const exists = objects.has(`${collection}/${name}`);
    if (!exists) put(collection, { ...object, metadata: { ...object.metadata, name } });
    if (exists) refuse(response, 409, 'AlreadyExists', `${name} already exists`);
    else answer(response, 201, objects.get(`${collection}/${name}`));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost');
    api.requests.push(`${request.method} ${request.url}`);
    if (await api.intercept?.(request, response, pathname)) return;
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return refuse(response, 401, 'Unauthorized', 'who are you?');
    if (request.method !== 'GET') return change(request, response, pathname);
    if (searchParams.has('watch')) {
      const from = Number(searchParams.get('resourceVersion'));
      return from < oldest ? refuse(response, 410, 'Expired', 'too old') : watch(pathname, searchParams, response);
    }
    const object = objects.get(pathname);
    if (object !== undefined) return answer(response, 200, object);
    if (isCollection(pathname)) return list(pathname, searchParams, response);
    refuse(response, 404, 'NotFound', `${pathname} not found`);
  }

  const server = createServer({ cert: certificateChain, key: privateKey }, (request, response) => {
    void serve(request, response);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const api: FakeApi = {
    kubeConfig: buildKubeConfig(port, certificateChain),
    port,
    requests: [],
    watches,
    intercept: undefined,
    put,
    remove,
    find: <T extends KubernetesObject>(collection: string, name: string) =>
      objects.get(`${collection}/${name}`) as T | undefined,
    forgetHistory() {
      version += 1;
      oldest = version;
    },
    close: () => close(server),
  };
  return api;
}

export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  answer(response, code, { kind: 'Status', status: 'Failure', code, reason, message });
}

/** A cluster-wide collection has the objects of all namespaces. */
function isWithin(collection: string, watched: string): boolean {
  const clusterWide = collection.replace(/\/namespaces\/[^/]+(?=\/)/, '');
  return collection === watched || clusterWide === watched;
}

/** As far as selectors are used here: a label that is there or has a value, and the name as a field. */
function isSelected({ metadata }: KubernetesObject, query: URLSearchParams): boolean {
  const [label = '', value] = (query.get('labelSelector') ?? '').split('=');
  const [, name] = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '') ?? [];
  const actual = metadata.labels?.[label];
  return (
    (label === '' || (actual !== undefined && actual === (value ?? actual))) &&
    metadata.name === (name ?? metadata.name)
  );
}

/** Plural at the end, and not an object: `/api/v1/pods`, `/apis/apps/v1/namespaces/x/deployments`. */
function isCollection(path: string): boolean {
  const segments = path.replace(/^\/(api|apis\/[^/]+)\/[^/]+\//, '').split('/');
  return segments.length === 1 || (segments[0] === 'namespaces' && segments.length === 3);
}

function mergePatch(before: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const after: Record<string, unknown> = isObject(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else after[key] = mergePatch(after[key], value);
  }
  return after;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function buildKubeConfig(port: number, authority: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  const caData = Buffer.from(authority).toString('base64');
  kubeConfig.loadFromClusterAndUser(
    { name: 'fake', server: `https://localhost:${port}`, caData, skipTLSVerify: false },
    { name: 'me', token: TOKEN },
  );
  return kubeConfig;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
