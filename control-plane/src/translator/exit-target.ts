// What an exit points at: all pods of a Service or workload, whatever ports they have. Nothing that comes to them is
// caught, so any agent will do.

import { AGENT_EXIT_PORT, type InterceptTarget, isExitPort } from '../api/index.ts';
import type { ClusterState, PodModel } from '../state/cluster-state.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { findService } from './service-target.ts';
import type { GatePort, Target } from './target.ts';
import type { Refusal } from './target-port.ts';
import { findWorkload } from './workload-target.ts';

type ExitQuestion = { readonly target: InterceptTarget; readonly namespace: string };

export function resolveExit(
  state: ClusterState,
  index: ClusterIndex,
  { target, namespace }: ExitQuestion,
): Target | Refusal {
  const found = findPods(state, index, { ...target, namespace });
  if ('reason' in found) return found;
  const standing = found.pods.filter(({ terminating }) => !terminating);
  const places = standing.map((pod) => ({ pod, appPort: 0, capture: 'Exit' as const, captured: findGate(pod) }));
  const text = `${target.kind.toLowerCase()}/${target.name}`;
  return { capture: undefined, appPort: undefined, text, places, ending: [], leaving: [] };
}

/**
 * Below the agent's ports for what comes in, and none that the pod has declared for itself. With all of them declared the
 * first: an agent that can't listen there says so.
 */
export function findGatePort({ ports, agent }: PodModel): number {
  const taken = new Set([
    ...ports.map(({ number }) => number),
    ...(agent?.ports ?? []).flatMap(({ appPort, agentPort }) => [appPort, agentPort]),
  ]);
  let port = AGENT_EXIT_PORT;
  while (taken.has(port)) port -= 1;
  return isExitPort(port) ? port : AGENT_EXIT_PORT;
}

function findGate(pod: PodModel): GatePort | undefined {
  return pod.agent === undefined ? undefined : { agentPort: findGatePort(pod) };
}

function findPods(
  state: ClusterState,
  index: ClusterIndex,
  { kind, namespace, name }: InterceptTarget & { readonly namespace: string },
): { readonly pods: readonly PodModel[] } | Refusal {
  if (kind === 'Service') {
    const service = findService(state, { namespace, name });
    return 'reason' in service ? service : { pods: index.podsSelectedBy(namespace, service.selector) };
  }
  const workload = findWorkload(state, { kind, namespace, name });
  return 'reason' in workload ? workload : { pods: index.podsOfWorkload(kind, namespace, name) };
}
