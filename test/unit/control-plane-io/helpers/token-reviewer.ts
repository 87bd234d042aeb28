// A token reviewer whose API server is a function, and who it says that a token's owner is.

import type { KubernetesClient } from '../../../../control-plane/src/kubernetes/index.ts';
import { createTokenReviewer } from '../../../../control-plane/src/kubernetes/token-review.ts';

export const user = (rest: object = {}) => ({
  username: 'system:serviceaccount:shop:default',
  extra: { 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': ['u'] },
  ...rest,
});
export const good = { authenticated: true, audiences: ['kubectl-tp'], user: user() };

export function reviewer(status: object | (() => object), now = { ms: 0 }) {
  const asked: unknown[] = [];
  const create = async (_resource: unknown, object: unknown) => {
    asked.push(object);
    return { status: typeof status === 'function' ? status() : status };
  };
  const client = { create } as unknown as KubernetesClient;
  return { reviewer: createTokenReviewer({ client, now: () => now.ms }), asked };
}
