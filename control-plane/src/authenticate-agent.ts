// Does the token that an agent presents belong to the pod that its node id names?

import type { Authenticate } from '@kubectl-tp/xds';
import type { TokenReviewer } from './kubernetes/token-review.ts';
import type { PodModel } from './state/cluster-state.ts';

export type AuthenticateAgentOptions = {
  readonly reviewer: TokenReviewer;
  /** The pod of that node as the state knows it; a pod that has just started may not be there yet. */
  readonly findPod: (node: string) => PodModel | undefined;
};

export function createAuthenticateAgent({ reviewer, findPod }: AuthenticateAgentOptions): Authenticate {
  return async (token, node) => {
    const verdict = await reviewer.review(token);
    if (!verdict.ok) return verdict;
    const { namespace, pod, uid } = verdict.pod;
    if (node !== `${namespace}/${pod}`) return { ok: false, reason: `the token belongs to pod ${namespace}/${pod}` };
    // A StatefulSet's pod of yesterday had the same name.
    const known = findPod(node)?.uid ?? uid;
    return known === uid ? { ok: true } : { ok: false, reason: `the token belongs to an earlier pod ${node}` };
  };
}
