// Namespaces as the API server has them -> NamespaceModel: what their labels say about agents.

import { INJECT } from '../api/index.ts';
import type { KubernetesObject } from '../kubernetes/types.ts';
import type { NamespaceModel } from './cluster-state.ts';
import { parseInject } from './parse-workload.ts';

const POD_SECURITY_LABEL = 'pod-security.kubernetes.io/enforce';

export function parseNamespace({ metadata: { labels = {} } }: KubernetesObject): NamespaceModel {
  return {
    inject: parseInject(labels[INJECT]),
    // Pod Security levels above `privileged` refuse the capability that nft rules need; the webhook then injects nothing.
    refusesNft: (labels[POD_SECURITY_LABEL] ?? 'privileged') !== 'privileged',
  };
}
