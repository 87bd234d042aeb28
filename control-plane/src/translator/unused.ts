// Takes agents away again: a workload whose agents nobody needs is marked with the time, and rolled without agents
// when the mark is old enough.

import { compareText } from '../match/index.ts';
import { type ClusterState, type WorkloadModel, workloadKey } from '../state/cluster-state.ts';
import type { AcceptedIntercept } from './conflicts.ts';
import { buildRemoveAnnotation } from './rollout-annotation.ts';
import type { RolloutRequest, TranslationContext, UnusedMark, WorkloadId } from './translation.ts';

export type UnusedPlan = {
  readonly marks: readonly UnusedMark[];
  readonly rollouts: readonly RolloutRequest[];
  /** When the next mark is old enough. */
  readonly nextChangesMs: readonly number[];
};

export function planRemovals(
  state: ClusterState,
  accepted: readonly AcceptedIntercept[],
  context: Pick<TranslationContext, 'nowMs' | 'agentIdleTimeoutMs'>,
): UnusedPlan {
  const needed = listNeeded(accepted);
  const withAgents = listWithAgents(state);
  const marks: UnusedMark[] = [];
  const rollouts: RolloutRequest[] = [];
  const nextChangesMs: number[] = [];
  for (const [key, workload] of state.workloads) {
    const unused = withAgents.has(key) && !needed.has(key) && !isWanted(state, workload);
    const sinceMs = unused ? Date.parse(workload.unusedSince ?? '') : Number.NaN;
    if (!unused) {
      if (workload.unusedSince !== undefined) marks.push({ workload: identify(workload), since: undefined });
    } else if (Number.isNaN(sinceMs)) {
      marks.push({ workload: identify(workload), since: formatTime(context.nowMs) });
      nextChangesMs.push(context.nowMs + context.agentIdleTimeoutMs);
    } else if (sinceMs + context.agentIdleTimeoutMs > context.nowMs) {
      nextChangesMs.push(sinceMs + context.agentIdleTimeoutMs);
    } else rollouts.push(...buildRemoval(workload, sinceMs));
  }
  return { marks: sortByWorkload(marks), rollouts: sortByWorkload(rollouts), nextChangesMs };
}

/** Empty for a paused workload, and for one whose template was already rolled for this mark: once is enough. */
function buildRemoval(workload: WorkloadModel, sinceMs: number): RolloutRequest[] {
  const annotation = buildRemoveAnnotation(formatTime(sinceMs));
  if (workload.paused || workload.rollout === annotation) return [];
  const message = `Rolled to take its agents away: no intercept has needed them since ${formatTime(sinceMs)}.`;
  return [{ workload: identify(workload), purpose: 'Remove', intercepts: [], annotation, message }];
}

function listNeeded(accepted: readonly AcceptedIntercept[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { target } of accepted) {
    for (const { pod } of target.places) {
      if (pod.workload !== undefined) keys.add(workloadKey({ ...pod.workload, namespace: pod.namespace }));
    }
  }
  return keys;
}

function listWithAgents(state: ClusterState): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { agent, terminating, workload, namespace } of state.pods.values()) {
    if (agent !== undefined && !terminating && workload !== undefined)
      keys.add(workloadKey({ ...workload, namespace }));
  }
  return keys;
}

/** Somebody asked for agents without any intercept. */
function isWanted(state: ClusterState, { namespace, inject }: WorkloadModel): boolean {
  return inject === 'enabled' || (inject === undefined && state.namespaces.get(namespace)?.inject === 'enabled');
}

function identify({ kind, namespace, name }: WorkloadModel): WorkloadId {
  return { kind, namespace, name };
}

function sortByWorkload<T extends { readonly workload: WorkloadId }>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => compareText(workloadKey(a.workload), workloadKey(b.workload)));
}

/** RFC 3339 in whole seconds, as the API server writes times. */
function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
