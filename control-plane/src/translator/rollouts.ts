// Which workloads have to replace their pods because an accepted intercept needs agents there, and what holds a pod
// without agent back.

import { compareText } from '../match/index.ts';
import { type ClusterState, type WorkloadModel, workloadKey } from '../state/cluster-state.ts';
import type { AcceptedIntercept } from './conflicts.ts';
import type { LiveIntercept } from './intercept.ts';
import { buildInjectAnnotation, buildInterceptReason, isReasonOf, parseReasons } from './rollout-annotation.ts';
import type { Place } from './target.ts';
import type { ByNumber } from './target-port.ts';
import type { RolloutRequest } from './translation.ts';

/**
 * How a pod without the agent it needs gets one.
 * - `unrollable`: nobody but a person can replace it; `advice` says how.
 * - `not-injected`: it was made for this intercept, and the webhook left it as it was. Another rollout would not help.
 * - `left-behind`: the rollout for this intercept is over and has not replaced it.
 * - `paused`: its workload replaces no pods now.
 * - `rolling`: its workload is being rolled for this intercept, or is not known yet.
 * - `due`: its workload has to be rolled.
 */
export type Replacement =
  | { readonly kind: 'unrollable'; readonly advice: string }
  | { readonly kind: 'not-injected' }
  | { readonly kind: 'left-behind' }
  | { readonly kind: 'paused'; readonly workload: WorkloadModel }
  | { readonly kind: 'rolling'; readonly workload: WorkloadModel | undefined }
  | { readonly kind: 'due'; readonly workload: WorkloadModel };

export function judgeReplacement(state: ClusterState, intercept: LiveIntercept, place: Place): Replacement {
  const { pod } = place;
  const reason = buildInterceptReason(intercept, place);
  if (parseReasons(pod.rollout).includes(reason)) return { kind: 'not-injected' };
  const workload = findWorkload(state, place);
  const advice = adviseNamespace(state, place) ?? adviseUnrollable(place, workload);
  if (advice !== undefined) return { kind: 'unrollable', advice };
  if (workload === undefined) return { kind: 'rolling', workload };
  if (workload.paused) return { kind: 'paused', workload };
  if (!parseReasons(workload.rollout).includes(reason)) return { kind: 'due', workload };
  return workload.rolledOut ? { kind: 'left-behind' } : { kind: 'rolling', workload };
}

/** A workload that is being rolled for this intercept, whether it has pods or not. */
export function findRollout({ workloads }: ClusterState, intercept: LiveIntercept): WorkloadModel | undefined {
  for (const workload of workloads.values()) {
    if (workload.rolledOut || workload.namespace !== intercept.object.metadata.namespace) continue;
    if (parseReasons(workload.rollout).some((reason) => isReasonOf(intercept, reason))) return workload;
  }
  return undefined;
}

/**
 * One request per workload. Its annotation names every accepted intercept of the workload, also those that have their
 * agents already: the new pods are made for them, too.
 */
export function planRollouts(state: ClusterState, accepted: readonly AcceptedIntercept[]): readonly RolloutRequest[] {
  const due = new Set<WorkloadModel>();
  const served = new Map<WorkloadModel, Demand[]>();
  for (const { intercept, target } of accepted) {
    for (const place of target.places) {
      const workload = findWorkload(state, place);
      if (workload === undefined) continue;
      const demand = { intercept, reason: buildInterceptReason(intercept, place) };
      const demands = served.get(workload);
      if (demands === undefined) served.set(workload, [demand]);
      else demands.push(demand);
      if (place.captured === undefined && judgeReplacement(state, intercept, place).kind === 'due') due.add(workload);
    }
  }
  return [...due].map((workload) => buildRequest(workload, served.get(workload) ?? []));
}

type Demand = { readonly intercept: LiveIntercept; readonly reason: string };

function buildRequest({ kind, namespace, name }: WorkloadModel, demands: readonly Demand[]): RolloutRequest {
  const intercepts = [...new Set(demands.map(({ intercept }) => intercept.id))].toSorted(compareText);
  const [youngest = ''] = demands.map(({ intercept }) => intercept.createdAt).toSorted((a, b) => compareText(b, a));
  return {
    workload: { kind, namespace, name },
    purpose: 'Inject',
    intercepts,
    annotation: buildInjectAnnotation(
      demands.map(({ reason }) => reason),
      youngest,
    ),
    message: `Rolled so that its pods carry an agent for intercept ${intercepts.join(', ')}.`,
  };
}

function findWorkload(state: ClusterState, { pod }: Place): WorkloadModel | undefined {
  if (pod.workload === undefined) return undefined;
  return state.workloads.get(workloadKey({ ...pod.workload, namespace: pod.namespace }));
}

/** For what the webhook leaves pods as they are: a rollout would end without agents. */
function adviseNamespace({ namespaces }: ClusterState, { pod, appPort, byNumber }: Place): string | undefined {
  const { namespace } = pod;
  const { inject, refusesNft } = namespaces.get(namespace) ?? {};
  if (inject === 'disabled') {
    return `Namespace ${namespace} refuses agents: it is labelled kubectl-tp.dev/inject: disabled. Ask its owner to take that away.`;
  }
  if (refusesNft && byNumber !== undefined) {
    return `The pod security level of namespace ${namespace} refuses NET_ADMIN, which catching port ${appPort} by its number needs: ${BY_NUMBER[byNumber]}`;
  }
  return undefined;
}

/** Why the number, and on a line of its own what spares it. */
const BY_NUMBER: Readonly<Record<ByNumber, string>> = {
  NumericTargetPort:
    'the targetPort of its Service is a number.\nGive the container port a name and let the Service target that name.',
  HeadlessService:
    "its Service is headless, so callers go to the pods' own addresses.\nAdd a Service with an address (clusterIP) that targets the port by its name, and intercept that one: its callers can be caught by the name.",
  NoServiceByName:
    'no Service with an address leads to it by its name.\nGive the container port a name and let a Service with an address (clusterIP) target that name.',
};

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
    return `${workload.kind} ${workload.name} uses the node's network, where an agent would take the ports of others: it can't be intercepted.`;
  }
  if (workload?.inject === 'disabled') {
    return `${workload.kind} ${workload.name} refuses agents: its pod template is annotated kubectl-tp.dev/inject: disabled. Ask its owner to take that away.`;
  }
  return undefined;
}
