// Names that programs in the cluster's network use.

/** What nearly every cluster calls itself. */
export const CLUSTER_DOMAIN = 'cluster.local';
/** The API server's Service, which every cluster has. */
export const API_SERVER_NAME = `kubernetes.default.svc.${CLUSTER_DOMAIN}`;
/** Stands for the laptop among programs whose own loopback is another one. */
export const LAPTOP_NAME = 'host.tp.internal';

/** Suffixes of short names, as in a pod of the namespace (Kubernetes, DNS for Services and Pods). */
export function searchPath(namespace: string, clusterDomain = CLUSTER_DOMAIN): string[] {
  return [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
}
