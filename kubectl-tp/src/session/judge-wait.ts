// Decides from what is seen of an intercept whether it works, is on its way, or can't succeed. Pure.

import { AGENT_LABEL, type Condition, type Intercept } from '@kubectl-tp/control-plane/api';
import { type ErrorCode, TpError } from '../errors.ts';
import { type Event, isReady, isTerminating, type Pod } from '../kubernetes/objects.ts';
import { type Cause, findCause } from '../kubernetes/why-not-ready.ts';
import type { Waiting } from '../waiting/wait-until.ts';

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
  if (accepted === undefined) return { step: 'Waiting for the control plane', cause: silentControlPlane(view) };
  if (accepted.status === 'False') return judgeRefusal(accepted);
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

const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  TargetNotFound: 'TARGET_NOT_FOUND',
  PortNotFound: 'PORT_NOT_FOUND',
  PortAmbiguous: 'PORT_AMBIGUOUS',
  Conflict: 'CONFLICT',
};
/** The control plane may see the intercept a moment before it sees a new target or session. */
const MAY_ARRIVE_LATER = new Set(['TargetNotFound', 'PortNotFound', 'SessionNotFound']);

function judgeRefusal({ reason, message }: Condition): Waiting {
  const code = REFUSALS[reason] ?? 'INTERCEPT_REFUSED';
  const graceMs = MAY_ARRIVE_LATER.has(reason) ? 3000 : 0;
  return { step: 'Waiting for the control plane', cause: { code, message, hint: '', graceMs } };
}

function judgeProgramming(view: WaitView, intercept: Intercept, condition: Condition | undefined): Waiting {
  const { reason = '', message = 'the agents are being configured' } = condition ?? {};
  const createdMs = Date.parse(intercept.metadata.creationTimestamp ?? '') || 0;
  const pods = view.pods ?? [];
  const namespace = intercept.metadata.namespace;
  const cause = (sinceMs: number) => findCause({ namespace, pods, events: view.events, sinceMs });
  switch (reason) {
    case 'WorkloadPaused':
      return { step: message, cause: { code: 'WORKLOAD_PAUSED', message, hint: '', graceMs: 0 } };
    case 'Rejected':
      return {
        step: message,
        cause: { code: 'AGENT_REJECTED', message, hint: 'This is a defect: report it.', graceMs: 2000 },
      };
    case 'NoReadyPods':
      // Nobody rolls anything here: pods that are older than the intercept are the cause.
      return { step: message, cause: cause(0) ?? noReadyPods(intercept, message, pods.length) };
    case 'AgentMissing':
      return { step: message, cause: notInjected(view, message) };
    case 'WaitingForAgents':
      return { step: message, cause: isAgentMissing(pods) ? notInjected(view, message) : undefined };
    default:
      return { step: message, cause: cause(createdMs) };
  }
}

function isAgentMissing(pods: readonly Pod[]): boolean {
  return pods.some((pod) => isReady(pod) && pod.metadata.labels?.[AGENT_LABEL] !== 'true');
}

/** Nothing is being rolled and pods have no agent: none will come. */
function notInjected({ installNamespace }: WaitView, message: string): Cause {
  const hint = `See how it is: kubectl -n ${installNamespace} get pods -l app.kubernetes.io/component=webhook`;
  return { code: 'NOT_INJECTED', message, hint, graceMs: 10_000 };
}

function noReadyPods(intercept: Intercept, message: string, pods: number): Cause {
  const { namespace } = intercept.metadata;
  const hint = pods === 0 ? 'Start some: kubectl scale' : 'See why';
  return {
    code: 'NO_READY_PODS',
    message,
    hint: pods === 0 ? `${hint} --replicas=1 -n ${namespace} ...` : `${hint}: kubectl -n ${namespace} get pods`,
    // Pods that exist may be starting.
    graceMs: pods === 0 ? 3000 : 30_000,
  };
}

function judgeTunnel(view: WaitView, condition: Condition | undefined): Waiting {
  const step = condition?.message ?? 'Waiting for the tunnel';
  if (view.tunnelTrouble === undefined) return { step };
  const cause: Cause = {
    code: 'TUNNEL_DOWN',
    message: `This laptop reaches no relay: ${view.tunnelTrouble}`,
    hint: `See how they are: kubectl -n ${view.installNamespace} get pods -l app.kubernetes.io/component=relay`,
    graceMs: 5000,
  };
  return { step, cause };
}

/** Every ready pod, so that no replica keeps answering by itself. */
function judgeProbes({ pods, probed, installNamespace }: WaitView): Waiting | undefined {
  if (pods === undefined) return { step: 'Looking at the pods' };
  const names = pods.filter((pod) => isReady(pod) && !isTerminating(pod)).map(({ metadata }) => metadata.name);
  const silent = names.filter((name) => !probed.has(name));
  if (silent.length === 0) return undefined;
  const cause: Cause = {
    code: 'PROBE_MISSING',
    message: `The agents of these pods do not reach this laptop: ${silent.toSorted().join(', ')}.`,
    hint: `A NetworkPolicy may keep them from Service tp-relay in ${installNamespace}: kubectl get networkpolicies -A`,
    graceMs: 20_000,
  };
  const reached = `${names.length - silent.length}/${names.length}`;
  return { step: `Waiting until every agent reaches this laptop (${reached})`, cause };
}

function silentControlPlane({ installNamespace }: WaitView): Cause {
  return {
    code: 'INSTALL_NOT_READY',
    message: 'The control plane does not look at the intercept.',
    hint: `See how it is: kubectl -n ${installNamespace} get pods -l app.kubernetes.io/component=control-plane`,
    graceMs: 15_000,
  };
}

function ended(): TpError {
  return new TpError('INTERCEPT_ENDED', 'The intercept was deleted by somebody else before it was ready.', {
    hint: 'See what happened: kubectl get events',
  });
}
