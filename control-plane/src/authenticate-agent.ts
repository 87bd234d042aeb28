// Whose token is it that an agent presents, and is that pod still what it was when its stream began?

import type { Authenticate, ProvenAgent } from '@kubectl-tp/xds';
import type { TokenReviewer } from './kubernetes/token-review.ts';
import type { PodModel } from './state/cluster-state.ts';

/** The pod of a node as the state knows it. */
export type FindPod = (node: string) => PodModel | undefined;

export type AuthenticateAgentOptions = { readonly reviewer: TokenReviewer; readonly findPod: FindPod };

export function createAuthenticateAgent({ reviewer, findPod }: AuthenticateAgentOptions): Authenticate {
  return async (token) => {
    const verdict = await reviewer.review(token);
    if (!verdict.ok) return verdict;
    const { namespace, pod, uid } = verdict.pod;
    const agent = { node: `${namespace}/${pod}`, instance: uid };
    // The token proves that there is such a pod, so the watch is about to show it: the agent should try again.
    if (findPod(agent.node) === undefined) throw new Error(`pod ${agent.node} has not been seen yet`);
    const reason = findFault(agent, findPod);
    return reason === undefined ? { ok: true, ...agent } : { ok: false, reason };
  };
}

/** Whether the stream of an agent that was let in may go on. */
export function isCurrentAgent(agent: ProvenAgent, findPod: FindPod): boolean {
  return findFault(agent, findPod) === undefined;
}

function findFault({ node, instance }: ProvenAgent, findPod: FindPod): string | undefined {
  const pod = findPod(node);
  if (pod === undefined) return `pod ${node} has gone`;
  // A StatefulSet's pod of yesterday had the same name.
  if (pod.uid !== instance) return `the token belongs to an earlier pod ${node}`;
  return pod.agent === undefined ? `pod ${node} has no agent` : undefined;
}
