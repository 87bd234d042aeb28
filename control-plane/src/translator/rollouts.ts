// Which workloads have to replace their pods because an accepted intercept needs agents there, and what holds a pod
// without agent back.

import { compareText } from '../match/index.ts';
import { type ClusterState, type WorkloadModel, workloadKey } from '../state/cluster-state.ts';
import type { AcceptedIntercept } from './conflicts.ts';
import type { LiveIntercept } from './intercept.ts';
import { buildInjectAnnotation, buildInterceptReason, isReasonOf, parseReasons } from './rollout-annotation.ts';
import type { Place } from './target.ts';
import type { RolloutRequest } from './translation.ts';

/**
 * How a pod without the agent it needs gets one.
 * - `unrollable`: nobody but a person can replace it; `advice` says how.
 * - `not-injected`: it was made for this intercept, and the webhook left it as it was. Another rollout would not help.
 * - `paused`: its workload replaces no pods now.
 * - `rolling`: its workload is being rolled for this intercept, or is not known yet.
 * - `due`: its workload has to be rolled.
 */
export type Replacement =
  | { readonly kind: 'unrollable'; readonly advice: string }
  | { readonly kind: 'not-injected' }
  | { readonly kind: 'paused'; readonly workload: WorkloadModel }
  | { readonly kind: 'rolling'; readonly workload: WorkloadModel | undefined }
  | { readonly kind: 'due'; readonly workload: WorkloadModel };

export function judgeReplacement(state: ClusterState, intercept: LiveIntercept, place: Place): Replacement {
  const { pod } = place;
  const reason = buildInterceptReason(intercept, place);
  if (parseReasons(pod.rollout).includes(reason)) return { kind: 'not-injected' };
  const workload = findWorkload(state, place);
  const advice = adviseUnrollable(place, workload);
  if (advice !== undefined) return { kind: 'unrollable', advice };
  if (workload === undefined) return { kind: 'rolling', workload };
  if (workload.paused) return { kind: 'paused', workload };
  return { kind: parseReasons(workload.rollout).includes(reason) ? 'rolling' : 'due', workload };
}

/** One request per workload, for all intercepts that need it. */
export function planRollouts(state: ClusterState, accepted: readonly AcceptedIntercept[]): readonly RolloutRequest[] {
  const needs = new Map<WorkloadModel, Need[]>();
  for (const { intercept, target } of accepted) {
    for (const place of target.places) {
      if (place.captured !== undefined) continue;
      const replacement = judgeReplacement(state, intercept, place);
      if (replacement.kind !== 'due') continue;
      const need = { intercept, reason: buildInterceptReason(intercept, place) };
      needs.set(replacement.workload, [...(needs.get(replacement.workload) ?? []), need]);
    }
  }
  return [...needs]
    .map(([workload, list]) => buildRequest(workload, list, accepted))
    .toSorted((a, b) => compareText(workloadKey(a.workload), workloadKey(b.workload)));
}

type Need = { readonly intercept: LiveIntercept; readonly reason: string };

/** Keeps the reasons of other accepted intercepts: for them this template has been rolled, too. */
function buildRequest(
  workload: WorkloadModel,
  needs: readonly Need[],
  accepted: readonly AcceptedIntercept[],
): RolloutRequest {
  const { kind, namespace, name } = workload;
  const kept = parseReasons(workload.rollout).filter((reason) =>
    accepted.some(({ intercept }) => isReasonOf(intercept, reason)),
  );
  const createdAt =
    needs
      .map(({ intercept }) => intercept.createdAt)
      .toSorted(compareText)
      .at(-1) ?? '';
  const intercepts = [...new Set(needs.map(({ intercept }) => intercept.id))].toSorted(compareText);
  return {
    workload: { kind, namespace, name },
    purpose: 'Inject',
    annotation: buildInjectAnnotation([...kept, ...needs.map(({ reason }) => reason)], createdAt),
    message: `Rolled so that its pods carry an agent for intercept ${intercepts.join(', ')}.`,
  };
}

function findWorkload(state: ClusterState, { pod }: Place): WorkloadModel | undefined {
  if (pod.workload === undefined) return undefined;
  return state.workloads.get(workloadKey({ ...pod.workload, namespace: pod.namespace }));
}

function adviseUnrollable({ pod }: Place, workload: WorkloadModel | undefined): string | undefined {
  const remedy = `kubectl -n ${pod.namespace} delete pod ${pod.name}`;
  switch (pod.workload?.kind) {
    case undefined:
      return `Pod ${pod.name} has no agent and no workload that replaces it. Delete and create it again; the new one gets an agent.`;
    case 'ReplicaSet':
      return `Pod ${pod.name} has no agent, and ReplicaSet ${pod.workload.name} (without Deployment) keeps its pods. Delete it, the next one gets an agent: ${remedy}`;
    case 'Job':
    case 'Other':
      return `Pod ${pod.name} has no agent, and ${pod.workload.name} can't be rolled. Delete the pod, or create its owner again; new pods get an agent: ${remedy}`;
    default:
      return adviseWorkload(workload);
  }
}

function adviseWorkload(workload: WorkloadModel | undefined): string | undefined {
  if (workload?.hostNetwork) {
    return `${workload.kind} ${workload.name} uses the node's network, where an agent would take the ports of others.`;
  }
  if (workload?.inject === 'disabled') {
    return `${workload.kind} ${workload.name} refuses agents: its pod template is annotated kubectl-tp.dev/inject: disabled.`;
  }
  return undefined;
}
