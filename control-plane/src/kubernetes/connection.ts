// One API server as a place to send HTTP requests to: TLS, authentication, kept-alive connections, deadlines.
// Knows nothing of Kubernetes objects.

import http from 'node:http';
import https from 'node:https';
import type { Cluster } from '@kubernetes/client-node';
import { ControlPlaneError } from '../errors.ts';
import { fromNetworkError, KubernetesError } from './errors.ts';

/** Silence of that long, before the answer or within it, ends a request. */
const SILENCE_LIMIT_MS = 30_000;
/** Idle connections are closed before the API server (90 s) or a load balancer (60 s and more) does it. */
const IDLE_CONNECTION_MS = 30_000;
/** TCP keep-alive finds a dead peer under a silent watch. */
const TCP_KEEP_ALIVE_MS = 15_000;

/** Nobody has done anything for whoever is answered so. */
const UNAUTHORIZED = 401;

/** Where the API server is and how to authenticate: client-node's `KubeConfig` is one, a pod's service account another. */
export type KubeAccess = {
  getCurrentCluster(): Pick<Cluster, 'name' | 'server' | 'skipTLSVerify' | 'proxyUrl'> | null;
  /** Adds authority, certificates and headers. Asked for each request. */
  applyToHTTPSOptions(options: https.RequestOptions): Promise<void>;
  /**
   * A request that was begun at `beganMs` (Unix time) was refused (401): what it had been given then is not to be given
   * again. False where there is nothing else.
   */
  renew?(beganMs: number): boolean;
};

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string };
  readonly signal?: AbortSignal | undefined;
  /** It never ends by itself, and may be asked for again at any time. */
  readonly isWatch?: boolean;
};

export type Connection = {
  readonly server: URL;
  /**
   * Resolves with the head of the answer; the body is the caller's to read, also for errors. Throws `KubernetesError`
   * when there is no answer or no credential, and the signal's reason when aborted.
   */
  send(request: ApiRequest): Promise<http.IncomingMessage>;
  /** The way to the server has changed: drops connections that nothing is under way on but a watch, or nothing at all. */
  connectAnew(): void;
};

export function createConnection(access: KubeAccess): Connection {
  const server = serverOf(access);
  const { request, Agent } = server.protocol === 'http:' ? http : https;
  // A proxy from the kubeconfig needs client-node's own agent, which speaks to it.
  const viaProxy = access.getCurrentCluster()?.proxyUrl !== undefined;
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: TCP_KEEP_ALIVE_MS, timeout: IDLE_CONNECTION_MS });

  const watches = new Set<http.ClientRequest>();

  async function attempt({ method, path, body, signal, isWatch }: ApiRequest): Promise<http.IncomingMessage> {
    const options = await requestOptions(access);
    const headers = { ...options.headers, accept: 'application/json', ...contentHeaders(body) };
    const target = new URL(server.pathname.replace(/\/$/, '') + path, server);
    const limits = { timeout: SILENCE_LIMIT_MS, ...(signal ? { signal } : {}), ...(viaProxy ? {} : { agent }) };
    const sent = request(target, { ...options, ...limits, method, headers });
    if (isWatch) {
      watches.add(sent);
      sent.on('close', () => watches.delete(sent));
    }
    return exchange(sent, body?.text);
  }

  async function send(apiRequest: ApiRequest): Promise<http.IncomingMessage> {
    const beganMs = Date.now();
    const answer = await sendOnce(apiRequest);
    if (answer.statusCode !== UNAUTHORIZED || !access.renew?.(beganMs)) return answer;
    answer.resume();
    return sendOnce(apiRequest);
  }

  async function sendOnce(apiRequest: ApiRequest): Promise<http.IncomingMessage> {
    try {
      return await attempt(apiRequest);
    } catch (error) {
      apiRequest.signal?.throwIfAborted();
      if (error instanceof ControlPlaneError) throw error;
      // A kept-alive connection may have been closed while idle: a read is safe to send again.
      if (!(apiRequest.method === 'GET' && isStaleConnection(error))) throw fromNetworkError(error, server.host);
    }
    return attempt(apiRequest).catch((error) => {
      apiRequest.signal?.throwIfAborted();
      throw error instanceof ControlPlaneError ? error : fromNetworkError(error, server.host);
    });
  }

  return {
    server,
    send,
    connectAnew() {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
      for (const watch of watches) watch.destroy(new Error('the way to the API server has changed'));
    },
  };
}

/**
 * Options for `https.request` that authenticate as the kubeconfig's current user: CA, client certificate, headers,
 * proxy agent. Asked for each request, so that rotated tokens and exec plugins are followed.
 */
export async function requestOptions(access: KubeAccess): Promise<https.RequestOptions> {
  const options: https.RequestOptions = {};
  try {
    await access.applyToHTTPSOptions(options);
  } catch (error) {
    throw new KubernetesError('KUBERNETES_CREDENTIALS', `No credentials for the API server: ${reasonOf(error)}`, {
      hint: 'Check that the same kubeconfig works for kubectl: kubectl auth whoami',
      cause: error,
    });
  }
  return options;
}

function serverOf(access: KubeAccess): URL {
  const server = access.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server)) {
    throw new ControlPlaneError('KUBE_CONFIG_INVALID', 'The kubeconfig has no cluster for its current context.', {
      hint: 'Choose a context: kubectl config get-contexts, kubectl config use-context NAME',
    });
  }
  return new URL(server);
}

function exchange(request: http.ClientRequest, body: string | undefined): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    let answer: http.IncomingMessage | undefined;
    request.on('response', (response) => {
      answer = response;
      resolve(response);
    });
    request.on('error', reject);
    request.on('timeout', () => (answer ?? request).destroy(new Error('no byte arrived for too long')));
    request.end(body);
  });
}

function contentHeaders(body: ApiRequest['body']): http.OutgoingHttpHeaders {
  return body === undefined ? {} : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) };
}

function isStaleConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
