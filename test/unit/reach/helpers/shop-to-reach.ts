// A control plane in this process with a small cluster behind it, and relays that ask it over real TLS. Alice may see the
// namespaces `shop` and, to show what is closed to everybody, `default` and that of the install.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';
import { rangeOf } from '../../../../control-plane/src/addresses/index.ts';
import { COMPONENT_LABEL, type Session } from '../../../../control-plane/src/api/index.ts';
import { createKubernetesClient, type KubernetesObject } from '../../../../control-plane/src/kubernetes/index.ts';
import { createControlPlane } from '../../../../control-plane/src/relay/ask-control-plane.ts';
import { createReach, type Reach } from '../../../../control-plane/src/relay/reach.ts';
import { createSessionKeys } from '../../../../control-plane/src/relay/session-keys.ts';
import { type RunningControlPlane, startControlPlane } from '../../../helpers/control-plane.ts';
import { answer, type FakeApi } from '../../../helpers/fake-api.ts';
import { fillShop, INSTALL, PODS_PATH, podObject, SESSIONS_PATH } from '../../../helpers/shop.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

export const SERVER_NAME = `tp-control-plane.${INSTALL}.svc`;
export const RELAY_TOKEN = 'token-of-relay-1';
const MAY_SEE = ['shop', 'default', INSTALL];

/** Whose pods' tokens these are; the names of pods are those of the cluster below. */
const TOKENS: Record<string, { namespace: string; pod: string; uid: string }> = {
  [RELAY_TOKEN]: { namespace: INSTALL, pod: 'relay-1', uid: 'uid-relay' },
  'token-of-an-earlier-relay-1': { namespace: INSTALL, pod: 'relay-1', uid: 'uid-earlier' },
  'token-of-an-unready-relay': { namespace: INSTALL, pod: 'relay-2', uid: 'uid-relay-2' },
  'token-of-a-webhook': { namespace: INSTALL, pod: 'webhook-1', uid: 'uid-webhook' },
  'token-of-an-agent': { namespace: 'shop', pod: 'orders-abc-1', uid: 'uid-orders-abc-1' },
  'token-of-a-relay-elsewhere': { namespace: 'shop', pod: 'relay-1', uid: 'uid-elsewhere' },
  'token-of-a-pod-not-yet-seen': { namespace: INSTALL, pod: 'relay-9', uid: 'uid-relay-9' },
};

const inNamespace = (namespace: string, plural: string) => `/api/v1/namespaces/${namespace}/${plural}`;

function putPod(api: FakeApi, namespace: string, name: string, rest: object): void {
  const metadata = { name, namespace, ...(rest as { metadata?: object }).metadata };
  api.put(inNamespace(namespace, 'pods'), { ...rest, metadata } as KubernetesObject);
}

function putService(api: FakeApi, namespace: string, name: string, spec: object): void {
  api.put(inNamespace(namespace, 'services'), { metadata: { name, namespace }, spec } as KubernetesObject);
}

function fill(api: FakeApi): void {
  fillShop(api);
  const orders = podObject();
  api.put(PODS_PATH, { ...orders, status: { ...orders.status, hostIP: '192.168.1.1' } } as never);
  const relay = { labels: { [COMPONENT_LABEL]: 'relay' } };
  putPod(api, INSTALL, 'relay-2', { metadata: { uid: 'uid-relay-2', ...relay }, status: {} });
  putPod(api, INSTALL, 'webhook-1', { metadata: { uid: 'uid-webhook' }, status: { podIP: '10.0.0.10' } });
  putPod(api, 'shop', 'relay-1', { metadata: { uid: 'uid-elsewhere', ...relay }, status: { podIP: '10.0.0.11' } });
  putPod(api, 'shop', 'exporter', { spec: { hostNetwork: true }, status: { podIP: '192.168.1.2' } });
  putPod(api, 'billing', 'invoices', { status: { podIP: '10.0.0.20' } });
  putPod(api, 'shop', 'ended', { status: { podIP: '10.0.0.30' } });
  putPod(api, 'billing', 'successor', { status: { podIP: '10.0.0.30' } });
  putService(api, 'billing', 'invoices', { clusterIP: '10.1.0.2' });
  putService(api, 'shop', 'headless', { clusterIP: 'None' });
  putService(api, 'shop', 'elsewhere', { type: 'ExternalName', externalName: 'db.example', clusterIP: '10.1.0.3' });
  putService(api, 'default', 'kubernetes', { clusterIP: '10.1.0.254' });
  putService(api, INSTALL, 'tp-control-plane', { clusterIP: '10.1.0.253' });
}

export async function startShopToReach(t: ExecutionContext): Promise<RunningControlPlane> {
  const controlPlane = await startControlPlane(t, { fill });
  controlPlane.api.intercept = async (request, response, path) => {
    if (path.endsWith('/tokenreviews')) return reviewToken(request, response);
    if (path.endsWith('/subjectaccessreviews')) return reviewAccess(request, response);
    return false;
  };
  return controlPlane;
}

const reviewToken = async (request: IncomingMessage, response: Parameters<typeof answer>[0]) => {
  const { spec } = (await json(request)) as { spec: { token: string; audiences: string[] } };
  const known = TOKENS[spec.token];
  const user = {
    username: `system:serviceaccount:${known?.namespace}:tp-relay`,
    extra: {
      'authentication.kubernetes.io/pod-name': [known?.pod],
      'authentication.kubernetes.io/pod-uid': [known?.uid],
    },
  };
  answer(response, 201, { status: { authenticated: known !== undefined, audiences: spec.audiences, user } });
  return true;
};

const reviewAccess = async (request: IncomingMessage, response: Parameters<typeof answer>[0]) => {
  type Spec = { user: string; resourceAttributes: { namespace: string } };
  const { spec } = (await json(request)) as { spec: Spec };
  const allowed = spec.user === 'alice' && MAY_SEE.includes(spec.resourceAttributes.namespace);
  answer(response, 201, { status: { allowed } });
  return true;
};

/** A relay as far as it asks: it watches Sessions at the same API server, and takes the authority from there. */
export async function startAsking(
  t: ExecutionContext,
  { api, ports }: RunningControlPlane,
  { allow = [], token = RELAY_TOKEN, serverName = SERVER_NAME, port = ports.reach }: Partial<AskingOptions> = {},
): Promise<Reach & { troubles: unknown[]; forgotten: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-reach-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${token}\n`);
  const ending = new AbortController();
  const forgotten: string[] = [];
  const keys = createSessionKeys({
    client: createKubernetesClient(api.kubeConfig),
    namespace: INSTALL,
    onGone(session) {
      forgotten.push(session);
      reach.forget(session);
    },
    onTrouble: () => undefined,
  });
  const { authorityOf } = keys;
  const controlPlane = createControlPlane({
    ...{ host: '127.0.0.1', port, serverName, tokenFile, authorityOf, now: Date.now },
  });
  const troubles: unknown[] = [];
  const reach = createReach({
    ...{ ask: controlPlane.ask, allow: allow.map(rangeOf), own: ['10.0.0.9'], now: Date.now },
    onTrouble: (error) => troubles.push(error),
  });
  const watching = keys.run(ending.signal);
  t.teardown(async () => {
    ending.abort();
    controlPlane.close();
    await watching;
    await rm(folder, { recursive: true });
  });
  await waitFor('the authority of the session', () => authorityOf('alice-1') !== undefined);
  return { ...reach, troubles, forgotten };
}

type AskingOptions = { allow: readonly string[]; token: string; serverName: string; port: number };

export type RawQuestion = { method?: string; path?: string; headers?: Record<string, string>; body?: string };

/** Anybody's request to the control plane. */
export async function askRaw(controlPlane: RunningControlPlane, question: RawQuestion) {
  const { method = 'POST', path = '/reach', headers = {}, body = '' } = question;
  const authority = await waitFor('an authority', () => authorityIn(controlPlane));
  const target = { host: '127.0.0.1', port: controlPlane.ports.reach, ca: authority, servername: SERVER_NAME };
  const isChunked = headers['transfer-encoding'] !== undefined;
  const length = isChunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const asked = request({ ...target, method, path, agent: false, headers: { ...length, ...headers } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
  });
  asked.end(body);
  const response = await answered;
  return { status: response.statusCode, body: await text(response) };
}

function authorityIn({ api }: RunningControlPlane): string | undefined {
  return api.find<Session & KubernetesObject>(SESSIONS_PATH, 'alice-1')?.status?.authority;
}
