// Which version of the cluster part is installed: the label that every part carries.

import { COMPONENT_LABEL, PODS } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';

export const VERSION_LABEL = 'app.kubernetes.io/version';

/** `not installed` where nothing is. Read off the relays' pods, which everybody who may intercept may list. */
export async function readInstalledVersion(
  client: KubernetesClient,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const [relay] = await client.list(PODS, { namespace, labelSelector: `${COMPONENT_LABEL}=relay`, signal });
  return relay?.metadata.labels?.[VERSION_LABEL] ?? 'not installed';
}
