// Why an accepted intercept is not in effect in all pods yet: the first thing that stands in the way, in words that
// say what to do where a person has to act.

import type { ProgrammedReason } from '../api/index.ts';
import type { ClusterState, WorkloadModel } from '../state/cluster-state.ts';
import type { Acknowledged } from './acknowledgement.ts';
import type { AcceptedIntercept } from './conflicts.ts';
import { findRollout, judgeReplacement, type Replacement } from './rollouts.ts';
import type { Place, Target } from './target.ts';

/** A reason of one of the closed tables with what goes into its sentence. */
export type Finding<Reason extends string> = { readonly reason: Reason; readonly detail?: string };

export function judgeProgrammed(
  state: ClusterState,
  accepted: AcceptedIntercept,
  acknowledged: Acknowledged,
): Finding<ProgrammedReason> {
  const { target } = accepted;
  const [rejection] = acknowledged.rejections;
  return (
    explainMissingAgents(state, accepted) ??
    explainLeaving(target) ??
    explainEmptyRollout(state, accepted) ??
    explainNoReadyPods(target, accepted) ??
    (rejection === undefined ? undefined : { reason: 'Rejected', detail: rejection }) ??
    explainWaiting(target, acknowledged) ?? { reason: 'Programmed' }
  );
}

/** What needs a person goes before what goes on by itself. */
const URGENCY: readonly Replacement['kind'][] = [
  'unrollable',
  'not-injected',
  'left-behind',
  'paused',
  'rolling',
  'due',
];

function explainMissingAgents(
  state: ClusterState,
  { intercept, target }: AcceptedIntercept,
): Finding<ProgrammedReason> | undefined {
  const missing = target.places
    .filter(({ captured }) => captured === undefined)
    .map((place) => ({ place, replacement: judgeReplacement(state, intercept, place) }))
    .toSorted((a, b) => URGENCY.indexOf(a.replacement.kind) - URGENCY.indexOf(b.replacement.kind));
  const [first] = missing;
  if (first === undefined) return undefined;
  const { replacement } = first;
  const alike = missing.filter((one) => one.replacement.kind === replacement.kind).map(({ place }) => place);
  switch (replacement.kind) {
    case 'unrollable':
      return { reason: 'AgentMissing', detail: replacement.advice };
    case 'not-injected':
      return explainNotInjected(alike);
    case 'left-behind':
      return explainLeftBehind(alike);
    case 'paused':
      return explainPaused(replacement.workload, alike);
    case 'rolling':
    case 'due':
      return { reason: 'RollingOut', detail: describeProgress(target, replacement.workload) };
  }
}

/** A caller may still reach them, and none of its requests would reach the laptop. */
function explainLeaving({ leaving }: Target): Finding<ProgrammedReason> | undefined {
  const [first] = leaving;
  if (first === undefined) return undefined;
  return { reason: 'RollingOut', detail: `callers are leaving pod ${first.pod}, which has no agent` };
}

function explainNotInjected(places: readonly Place[]): Finding<ProgrammedReason> {
  const [first] = places;
  const look = `kubectl -n ${first?.pod.namespace} describe pod ${first?.pod.name}`;
  const detail = `The webhook did not inject the agent this intercept needs into ${listPods(places)}. See why: ${look}`;
  return { reason: 'AgentMissing', detail };
}

function explainLeftBehind(places: readonly Place[]): Finding<ProgrammedReason> {
  const names = places.map(({ pod }) => pod.name).join(' ');
  const remedy = `kubectl -n ${places[0]?.pod.namespace} delete pod ${names}`;
  const detail = `The rollout is over and did not replace ${listPods(places)}. To give them an agent: ${remedy}`;
  return { reason: 'AgentMissing', detail };
}

function explainPaused(workload: WorkloadModel, places: readonly Place[]): Finding<ProgrammedReason> {
  const { kind, namespace, name } = workload;
  const pods = places.map(({ pod }) => pod.name);
  const detail =
    kind === 'Deployment'
      ? `Deployment ${name} is paused, so its pods are not replaced and get no agent. To go on: kubectl -n ${namespace} rollout resume deployment/${name}`
      : `${kind} ${name} replaces pods only when they are deleted (OnDelete). To give them an agent: kubectl -n ${namespace} delete pod ${pods.join(' ')}`;
  return { reason: 'WorkloadPaused', detail };
}

function describeProgress({ places }: Target, workload: WorkloadModel | undefined): string {
  const withAgent = places.filter(({ captured }) => captured !== undefined).length;
  const progress =
    places.length === 0 ? 'no new pod is there yet' : `${withAgent} of ${places.length} pods have an agent`;
  const trouble = findTrouble(places) ?? workload?.trouble;
  return trouble === undefined ? progress : `${progress}; ${trouble}`;
}

/** A rollout by `Recreate` has taken the last old pod away and has not made a new one. */
function explainEmptyRollout(
  state: ClusterState,
  { intercept, target }: AcceptedIntercept,
): Finding<ProgrammedReason> | undefined {
  const workload = target.places.length === 0 ? findRollout(state, intercept) : undefined;
  if (workload === undefined) return undefined;
  return { reason: 'RollingOut', detail: describeProgress(target, workload) };
}

function explainNoReadyPods(
  { places }: Target,
  { intercept }: AcceptedIntercept,
): Finding<ProgrammedReason> | undefined {
  if (places.some(({ pod }) => pod.ready)) return undefined;
  const { namespace } = intercept.object.metadata;
  const detail =
    places.length === 0
      ? `it has none (kubectl -n ${namespace} get deployments,statefulsets,daemonsets shows what to scale up)`
      : (findTrouble(places) ?? `${listPods(places)} not ready yet`);
  return { reason: 'NoReadyPods', detail };
}

function explainWaiting({ places }: Target, { pods }: Acknowledged): Finding<ProgrammedReason> | undefined {
  const waiting = places.filter(({ pod }) => pod.ready && !pods.has(pod.name));
  if (waiting.length === 0) return undefined;
  return { reason: 'WaitingForAgents', detail: `${listPods(waiting)} yet to acknowledge` };
}

function findTrouble(places: readonly Place[]): string | undefined {
  for (const { pod } of places) if (pod.trouble !== undefined) return `pod ${pod.name}: ${pod.trouble}`;
  return undefined;
}

const MAX_LISTED_PODS = 3;

function listPods(places: readonly Place[]): string {
  const names = places.slice(0, MAX_LISTED_PODS).map(({ pod }) => pod.name);
  const more = places.length - names.length;
  return `${places.length === 1 ? 'pod' : 'pods'} ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
