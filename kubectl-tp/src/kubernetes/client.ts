// A Kubernetes client for a resolved connection, whose errors are sentences for people.

import { API_VERSION } from '@kubectl-tp/control-plane/api';
import {
  createKubernetesClient,
  type KubeAccess,
  type KubernetesClient,
  type RequestOptions,
  requestOptions,
} from '@kubectl-tp/control-plane/kubernetes';
import { createAccess } from './access.ts';
import type { Connection } from './connection.ts';
import { getJson } from './get-json.ts';
import { fromKubernetesError, isForbiddenOfOurs, notInstalled } from './translate-error.ts';
import type { ApiAccess } from './upgrade.ts';

export type Cluster = ApiAccess & { readonly client: KubernetesClient };

export async function createCluster(connection: Connection): Promise<Cluster> {
  const access = createAccess(connection) ?? (await createHeavyAccess(connection));
  const api = {
    server: new URL(String(connection.cluster.value.server)),
    httpsOptions: () => requestOptions(access),
    renew: (beganMs: number) => access.renew?.(beganMs) ?? false,
  };
  return { ...api, client: withPlainErrors(createKubernetesClient(access), connection, () => servesOurs(api)) };
}

/** The API server forbids unknown resources, too: to somebody without rights both look the same. */
async function servesOurs(api: Omit<Cluster, 'client'>): Promise<boolean> {
  const { status } = await getJson(api, `/apis/${API_VERSION}`);
  return status !== 404;
}

async function createHeavyAccess(connection: Connection): Promise<KubeAccess> {
  const { createClientNodeAccess } = await import('./client-node-access.ts');
  return createClientNodeAccess(connection);
}

/** The one place where the API's refusals become the plugin's errors, and where --request-timeout holds. */
function withPlainErrors(
  client: KubernetesClient,
  { requestTimeoutMs, installNamespace }: Connection,
  isInstalled: () => Promise<boolean>,
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
      if (isForbiddenOfOurs(error) && !(await isInstalled().catch(() => true)))
        throw notInstalled(installNamespace, error);
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
    connectAnew: client.connectAnew,
  };
}
