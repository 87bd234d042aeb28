// The Kubernetes client that control plane, relay, webhook and laptop share.
export { type BackOff, createBackOff } from './backoff.ts';
export { createKubernetesClient } from './client.ts';
export { type KubeAccess, requestOptions } from './connection.ts';
export {
  type ApiStatus,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  isUnreachable,
  KubernetesError,
} from './errors.ts';
export { loadKubeConfig } from './kube-config.ts';
export { isRolledOut } from './rolled-out.ts';
export * from './types.ts';
