// Which version of the cluster part is installed: the label that every part carries.

import { COMPONENT_LABEL, DEPLOYMENTS } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';

export const VERSION_LABEL = 'app.kubernetes.io/version';

/** `not installed` where nothing is. */
export async function readInstalledVersion(
  client: KubernetesClient,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const [deployment] = await client.list(DEPLOYMENTS, { namespace, labelSelector: COMPONENT_LABEL, signal });
  return deployment?.metadata.labels?.[VERSION_LABEL] ?? 'not installed';
}
