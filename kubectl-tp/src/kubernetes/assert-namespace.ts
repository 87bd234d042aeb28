// Whether a namespace is there for this user, before something is built that would only find nothing in it.

import { NAMESPACES, SERVICES } from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { apiErrorOf } from './translate-error.ts';

/** Throws MISSING_RIGHT for who may not see its Services, NAMESPACE_NOT_FOUND where that can be known. */
export async function assertNamespace(
  client: KubernetesClient,
  { namespace, signal }: { namespace: string; signal: AbortSignal },
): Promise<void> {
  // Of a namespace that is not there the API server gives an empty list.
  const [missing] = await Promise.all([
    isMissing(client, namespace, signal),
    client.list(SERVICES, { namespace, signal }),
  ]);
  if (missing) throw namespaceNotFound(namespace);
}

/** Where nothing was found: because there is no such namespace? Throws NAMESPACE_NOT_FOUND where that can be known. */
export async function assertNamespaceExists(
  client: KubernetesClient,
  { namespace, signal }: { namespace: string; signal: AbortSignal },
): Promise<void> {
  if (await isMissing(client, namespace, signal)) throw namespaceNotFound(namespace);
}

function namespaceNotFound(namespace: string): TpError {
  return new TpError('NAMESPACE_NOT_FOUND', `There is no namespace ${namespace}.`, {
    hint: 'See what there is: kubectl get namespaces',
  });
}

/** False for who may not ask. */
async function isMissing(client: KubernetesClient, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.get(NAMESPACES, { name }, { signal });
    return false;
  } catch (error) {
    signal.throwIfAborted();
    return isNotFound(apiErrorOf(error));
  }
}
