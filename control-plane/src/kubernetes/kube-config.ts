// Finds the API server and how to authenticate. client-node is heavy to load, so it is imported only here, and only
// outside of clusters.

import type { KubeAccess } from './connection.ts';
import { loadServiceAccount } from './service-account.ts';

/** In a pod: its service account. Elsewhere: `KUBECONFIG` or `~/.kube/config`, like kubectl. */
export async function loadKubeConfig(): Promise<KubeAccess> {
  const inCluster = process.env.KUBECONFIG ? undefined : loadServiceAccount({ environment: process.env });
  if (inCluster !== undefined) return inCluster;
  const { KubeConfig } = await import('@kubernetes/client-node');
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  return kubeConfig;
}
