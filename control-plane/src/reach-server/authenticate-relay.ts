// Whose token is it that asks? Only relays of this install are answered.

import { COMPONENT_LABEL } from '../api/index.ts';
import type { FindPod } from '../authenticate-agent.ts';
import type { TokenReviewer } from '../kubernetes/token-review.ts';

/** `relay`: name of its pod. */
export type RelayVerdict =
  | { readonly ok: true; readonly relay: string }
  | { readonly ok: false; readonly reason: string };
export type AuthenticateRelay = (token: string) => Promise<RelayVerdict>;

export type AuthenticateRelayOptions = {
  readonly reviewer: TokenReviewer;
  readonly findPod: FindPod;
  readonly installNamespace: string;
};

/**
 * Agents have tokens for the same audience, so the pod decides. It need not be ready: a relay that is ending, or whose
 * probe came late, still has laptops.
 */
export function createAuthenticateRelay(options: AuthenticateRelayOptions): AuthenticateRelay {
  const { reviewer, findPod, installNamespace } = options;
  return async (token) => {
    const verdict = await reviewer.review(token);
    if (!verdict.ok) return verdict;
    const { namespace, pod: name, uid } = verdict.pod;
    if (namespace !== installNamespace) return refuse(`pod ${namespace}/${name} is not of this install`);
    const pod = findPod(`${namespace}/${name}`);
    // The token proves that there was such a pod: the watch is about to show it, or has just shown its end.
    if (pod === undefined) throw new Error(`pod ${namespace}/${name} has not been seen yet`);
    if (pod.uid !== uid) return refuse(`the token belongs to an earlier pod ${namespace}/${name}`);
    return pod.labels[COMPONENT_LABEL] === 'relay'
      ? { ok: true, relay: name }
      : refuse(`pod ${namespace}/${name} is no relay`);
  };
}

function refuse(reason: string): RelayVerdict {
  return { ok: false, reason };
}
