// A Kubernetes client for a resolved connection, whose errors are sentences for people. Loads client-node (200 ms),
// so that it is imported only when a command needs the API server.

import type { RequestOptions as HttpsOptions } from 'node:https';
import {
  createKubernetesClient,
  type KubernetesClient,
  type RequestOptions,
  requestOptions,
} from '@kubectl-tp/control-plane/kubernetes';
import { KubeConfig } from '@kubernetes/client-node';
import type { Connection } from './connection.ts';
import { fromKubernetesError } from './translate-error.ts';

export type Cluster = {
  readonly client: KubernetesClient;
  readonly server: URL;
  /** Options for `https.request` that authenticate as the user; asked for each connection. */
  httpsOptions(): Promise<HttpsOptions>;
};

export function createCluster(connection: Connection): Cluster {
  const kubeConfig = new ImpersonatingKubeConfig(connection.impersonate);
  kubeConfig.loadFromString(JSON.stringify(buildKubeconfig(connection)));
  return {
    client: withPlainErrors(createKubernetesClient(kubeConfig), connection),
    server: new URL(String(connection.cluster.value.server)),
    httpsOptions: () => requestOptions(kubeConfig),
  };
}

/** client-node knows `as` but neither groups nor uid. */
class ImpersonatingKubeConfig extends KubeConfig {
  readonly #impersonate: Connection['impersonate'];

  constructor(impersonate: Connection['impersonate']) {
    super();
    this.#impersonate = impersonate;
  }

  override async applyToHTTPSOptions(options: HttpsOptions): Promise<void> {
    await super.applyToHTTPSOptions(options);
    const { groups, uid, extra = {} } = this.#impersonate;
    const extras = Object.entries(extra).map(([key, values]) => [
      `Impersonate-Extra-${encodeURIComponent(key)}`,
      [...values],
    ]);
    options.headers = {
      ...options.headers,
      ...(groups.length === 0 ? {} : { 'Impersonate-Group': [...groups] }),
      ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
      ...Object.fromEntries(extras),
    };
  }
}

/** A kubeconfig of one context, in the form of the file. */
export function buildKubeconfig({ cluster, user, impersonate }: Connection): object {
  const as = impersonate.user === undefined ? {} : { as: impersonate.user };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'tp',
    contexts: [{ name: 'tp', context: { cluster: cluster.name, user: user.name } }],
    clusters: [{ name: cluster.name, cluster: cluster.value }],
    users: [{ name: user.name, user: { ...user.value, ...as } }],
  };
}

/** The one place where the API's refusals become the plugin's errors, and where --request-timeout holds. */
function withPlainErrors(
  client: KubernetesClient,
  { requestTimeoutMs, installNamespace }: Connection,
): KubernetesClient {
  const limited = <O extends RequestOptions>(options: O | undefined): O & { signal?: AbortSignal } => {
    const limits = requestTimeoutMs === undefined ? [] : [AbortSignal.timeout(requestTimeoutMs)];
    const signals = [options?.signal, ...limits].filter((signal) => signal !== undefined);
    return { ...(options as O), ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }) };
  };
  const plain = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw fromKubernetesError(error, installNamespace);
    }
  };
  return {
    get: (resource, ref, options) => plain(client.get(resource, ref, limited(options))),
    list: (resource, options) => plain(client.list(resource, limited(options))),
    create: (resource, object, options) => plain(client.create(resource, object, limited(options))),
    patch: (resource, ref, patch, options) => plain(client.patch(resource, ref, patch, limited(options))),
    replace: (resource, object, options) => plain(client.replace(resource, object, limited(options))),
    delete: (resource, ref, options) => plain(client.delete(resource, ref, limited(options))),
    watch: client.watch,
  };
}
