// Which objects were made by an install of ours. Pure.

import type { KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';

export function isOurs({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.['app.kubernetes.io/part-of'] === 'kubectl-tp';
}
