// Resolves what an intercept points at: the pods behind it, the application's port in each, and whether the agent
// there has that port. Everything that can be wrong with a target is a value with the sentence for people.

import type { Capture, CapturedPort, InterceptAction, InterceptTarget } from '../api/index.ts';
import type { ClusterState, PodModel } from '../state/cluster-state.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { resolveExit } from './exit-target.ts';
import { resolveServicePort } from './service-target.ts';
import type { ByNumber, Refusal, TargetPort } from './target-port.ts';
import { resolveWorkloadPort } from './workload-target.ts';

/**
 * So long a pod that goes away may get new connections: each node's kube-proxy takes it out of its rules by itself,
 * once a second at most.
 */
const CALLERS_LEAVE_MS = 2000;

export type Target = {
  /** Undefined for an exit: no connections have to be caught. */
  readonly capture: Capture | undefined;
  /** Number of the application's port; undefined while no pod tells what the name stands for. */
  readonly appPort: number | undefined;
  /** `service/orders:http` */
  readonly text: string;
  /** Pods that are not going away, by name. */
  readonly places: readonly Place[];
  /** Pods that are going away and whose agent catches the target's connections: callers may still keep some. */
  readonly ending: readonly Place[];
  /** Pods without an agent that go away but may still get new connections. */
  readonly leaving: readonly Leaving[];
};

export type Leaving = { readonly pod: string; readonly untilMs: number };

/** One pod of a target with the application's port there. */
export type Place = {
  readonly pod: PodModel;
  /** 0 for an exit, which is of no port. */
  readonly appPort: number;
  /** The least the target needs there. */
  readonly capture: Capture | 'Exit';
  /** Why that is by number, where it is. */
  readonly byNumber?: ByNumber | undefined;
  /** The agent's port that serves the intercept; undefined: the pod needs to be replaced first. */
  readonly captured: CapturedPort | GatePort | undefined;
};

export type GatePort = { readonly agentPort: number; readonly capture?: never };

export type TargetQuestion = {
  readonly action: InterceptAction;
  readonly target: InterceptTarget;
  readonly namespace: string;
  readonly installNamespace: string;
  readonly nowMs: number;
};

export function resolveTarget(state: ClusterState, index: ClusterIndex, question: TargetQuestion): Target | Refusal {
  const { target, namespace } = question;
  if (namespace === question.installNamespace) {
    return { reason: 'WorkloadNotRollable', detail: 'The parts of kubectl tp itself cannot be intercepted.' };
  }
  if (question.action === 'Exit') return resolveExit(state, index, question);
  const found =
    target.kind === 'Service'
      ? resolveServicePort(state, index, { ...target, namespace })
      : resolveWorkloadPort(state, index, { ...target, namespace, kind: target.kind });
  return 'reason' in found ? found : buildTarget(found, question);
}

export function isRefusal(value: Target | Refusal): value is Refusal {
  return 'reason' in value;
}

export function formatTarget({ kind, name, port }: InterceptTarget): string {
  return `${kind.toLowerCase()}/${name}${port === undefined ? '' : `:${port}`}`;
}

function buildTarget(found: TargetPort, { target, namespace, nowMs }: TargetQuestion): Target | Refusal {
  const standing = found.pods.filter(({ terminating }) => !terminating);
  const places = standing.flatMap((pod) => buildPlace(pod, found));
  if (places.length === 0 && standing.length > 0) {
    return {
      reason: 'PortNotFound',
      detail: `No container of the pods has a port named "${found.port}", which ${formatTarget(target)} asks for: kubectl -n ${namespace} describe pod ${standing[0]?.name}`,
    };
  }
  const appPort = typeof found.port === 'number' ? found.port : places[0]?.appPort;
  const text = formatTarget({ ...target, port: found.label });
  return {
    capture: captureOf(found),
    appPort,
    text,
    places,
    ending: listEnding(found),
    leaving: listLeaving(found, nowMs),
  };
}

function listEnding(found: TargetPort): Place[] {
  const places = found.pods.filter(({ terminating }) => terminating).flatMap((pod) => buildPlace(pod, found));
  return places.filter(({ captured }) => captured !== undefined);
}

function listLeaving(found: TargetPort, nowMs: number): Leaving[] {
  return found.pods.flatMap((pod) => {
    if (pod.terminatingSinceMs === undefined || !pod.ready) return [];
    const untilMs = pod.terminatingSinceMs + CALLERS_LEAVE_MS;
    const isCaught = buildPlace(pod, found).every(({ captured }) => captured !== undefined);
    return isCaught || untilMs <= nowMs ? [] : [{ pod: pod.name, untilMs }];
  });
}

/** Empty for a pod without the port: its Service sends nothing there either. */
function buildPlace(pod: PodModel, found: TargetPort): Place[] {
  const { port, name, byNumber } = found;
  const capture = captureOf(found);
  const appPort = typeof port === 'number' ? port : findNumber(pod, port);
  if (appPort === undefined) return [];
  const captured = pod.agent?.ports.find(
    (candidate) =>
      candidate.appPort === appPort && (candidate.capture === 'Nft' || (capture === 'Name' && candidate.name === name)),
  );
  return [{ pod, appPort, capture, byNumber, captured }];
}

function captureOf({ byNumber }: TargetPort): Capture {
  return byNumber === undefined ? 'Name' : 'Nft';
}

/** An agent takes over the name of a port it captures, so what it wrote down goes first. */
function findNumber(pod: PodModel, name: string): number | undefined {
  const renamed = pod.agent?.ports.find((port) => port.name === name);
  if (renamed !== undefined) return renamed.appPort;
  return pod.ports.find((port) => port.name === name && port.protocol === 'TCP')?.number;
}
