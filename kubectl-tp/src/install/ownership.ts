// Which objects were made by an install of ours. Pure.

import type { KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';

const [KEY, VALUE] = ['app.kubernetes.io/part-of', 'kubectl-tp'];

/** As a label selector. */
export const OUR_LABEL = `${KEY}=${VALUE}`;

export function isOurs({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[KEY] === VALUE;
}
