// Finds the kubeconfig. client-node takes 300 ms to load, so it is imported only here and only when asked.

import type { KubeConfig } from '@kubernetes/client-node';

/** In a pod: its service account. Elsewhere: `KUBECONFIG` or `~/.kube/config`, like kubectl. */
export async function loadKubeConfig(): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  return kubeConfig;
}
