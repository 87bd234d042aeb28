// Decides from what is seen of an intercept whether it works, is on its way, or can't succeed. Pure. The words for what
// keeps it are in wait-causes.ts.

import { AGENT_LABEL, type Condition, type Intercept } from '@kubectl-tp/control-plane/api';
import type { ErrorCode } from '../../errors.ts';
import { type Event, isReady, isTerminating, type Pod } from '../../kubernetes/objects.ts';
import { splitRemedy } from '../../kubernetes/translate-error.ts';
import { findCause } from '../../kubernetes/why-not-ready.ts';
import type { Waiting } from '../../waiting/wait-until.ts';
import {
  agentRejected,
  ended,
  noNewPods,
  noReadyPods,
  notInjected,
  OUTDATED_GRACE_MS,
  probeMissing,
  silentControlPlane,
  tunnelDown,
  workloadPaused,
} from './wait-causes.ts';

export type WaitView = {
  /** Undefined when it was deleted. */
  readonly intercept: Intercept | undefined;
  /** Of the target; undefined before the first list. */
  readonly pods: readonly Pod[] | undefined;
  readonly events: readonly Event[];
  /** Pods whose agents have reached this laptop for this intercept lately. */
  readonly probed: ReadonlySet<string>;
  /** Why the laptop reaches no relay; undefined if it reaches one. */
  readonly tunnelTrouble: string | undefined;
  readonly installNamespace: string;
};

/** Undefined when it works. Throws when it was deleted. */
export function judgeWait(view: WaitView): Waiting | undefined {
  const { intercept } = view;
  if (intercept === undefined) throw ended();
  const accepted = currentCondition(intercept, 'Accepted');
  const programmed = currentCondition(intercept, 'Programmed');
  const ready = currentCondition(intercept, 'Ready');
  if (accepted?.status === 'False') return judgeRefusal(accepted);
  if (isTakenOver(view, intercept, { accepted, programmed })) return judgeProbes(view);
  if (accepted === undefined)
    return { step: 'Waiting for the control plane', cause: silentControlPlane(view.installNamespace) };
  if (programmed?.status !== 'True') return judgeProgramming(view, intercept, programmed);
  if (ready?.status !== 'True') return judgeTunnel(view, ready);
  return judgeProbes(view);
}

/** A condition about an older generation says nothing about this one. */
function currentCondition({ metadata, status }: Intercept, type: string): Condition | undefined {
  const condition = status?.conditions?.find((candidate) => candidate.type === type);
  const { generation = 0 } = metadata;
  return condition !== undefined && (condition.observedGeneration ?? generation) >= generation ? condition : undefined;
}

type Said = Readonly<Record<'accepted' | 'programmed', Condition | undefined>>;

/**
 * Where every pod is ready and has its place in a report, the control plane's replicas have said all that its leader is
 * about to put into conditions; a pod that comes or goes is the leader's to judge.
 */
function isTakenOver(
  { pods = [] }: WaitView,
  { metadata, status }: Intercept,
  { accepted, programmed }: Said,
): boolean {
  const isUndecided = programmed === undefined || programmed.reason === 'WaitingForAgents';
  if (!isUndecided || (accepted !== undefined && accepted.status !== 'True')) return false;
  const reports = Object.values(status?.reports ?? {}).filter(({ generation }) => generation === metadata.generation);
  if (pods.length === 0 || reports.some(({ rejection }) => rejection !== undefined)) return false;
  const holders = new Set(reports.flatMap(({ pods }) => pods));
  return pods.every((pod) => isReady(pod) && !isTerminating(pod) && holders.has(pod.metadata.name));
}

const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  TargetNotFound: 'TARGET_NOT_FOUND',
  PortNotFound: 'PORT_NOT_FOUND',
  PortAmbiguous: 'PORT_AMBIGUOUS',
  Conflict: 'CONFLICT',
};
/** The control plane may see the intercept a moment before it sees a new target or session. */
const MAY_ARRIVE_LATER = new Set(['TargetNotFound', 'PortNotFound', 'SessionNotFound']);

function judgeRefusal({ reason, message: text }: Condition): Waiting {
  const code = REFUSALS[reason] ?? 'INTERCEPT_REFUSED';
  const graceMs = MAY_ARRIVE_LATER.has(reason) ? OUTDATED_GRACE_MS : 0;
  const { message, hint = '' } = splitRemedy(text);
  return { step: 'Waiting for the control plane', cause: { code, message, hint, graceMs } };
}

function judgeProgramming(view: WaitView, intercept: Intercept, condition: Condition | undefined): Waiting {
  const { reason = '', message = 'the agents are being configured' } = condition ?? {};
  const createdMs = Date.parse(intercept.metadata.creationTimestamp ?? '') || 0;
  const pods = view.pods ?? [];
  const namespace = intercept.metadata.namespace;
  const cause = (sinceMs: number) => findCause({ namespace, pods, events: view.events, sinceMs });
  switch (reason) {
    case 'WorkloadPaused':
      return { step: message, cause: workloadPaused(message) };
    case 'Rejected':
      return { step: message, cause: agentRejected(message) };
    case 'NoReadyPods':
      // Nobody rolls anything here: pods that are older than the intercept are the cause.
      return { step: message, cause: cause(0) ?? noReadyPods(message, { namespace, pods: pods.length }) };
    case 'AgentMissing':
      return { step: message, cause: notInjected(message, view.installNamespace) };
    case 'WaitingForAgents':
      return { step: message, cause: isAgentMissing(pods) ? notInjected(message, view.installNamespace) : undefined };
    default:
      return {
        step: message,
        cause: cause(createdMs) ?? (pods.length === 0 ? noNewPods(message, namespace) : undefined),
      };
  }
}

function isAgentMissing(pods: readonly Pod[]): boolean {
  return pods.some((pod) => isReady(pod) && pod.metadata.labels?.[AGENT_LABEL] !== 'true');
}

function judgeTunnel(view: WaitView, condition: Condition | undefined): Waiting {
  const step = condition?.message ?? 'Waiting for the tunnel';
  if (view.tunnelTrouble === undefined) return { step };
  return { step, cause: tunnelDown(view.tunnelTrouble, view.installNamespace) };
}

/** Every ready pod, so that no replica keeps answering by itself. */
function judgeProbes({ intercept, pods, probed, installNamespace }: WaitView): Waiting | undefined {
  // What leaves comes from the laptop, which proves it by itself.
  if (intercept?.spec.action === 'Exit') return undefined;
  if (pods === undefined) return { step: 'Looking at the pods' };
  const names = pods.filter((pod) => isReady(pod) && !isTerminating(pod)).map(({ metadata }) => metadata.name);
  const silent = names.filter((name) => !probed.has(name));
  if (silent.length === 0) return undefined;
  const reached = `${names.length - silent.length}/${names.length}`;
  return {
    step: `Waiting until every agent reaches this laptop (${reached})`,
    cause: probeMissing(silent, installNamespace),
  };
}
