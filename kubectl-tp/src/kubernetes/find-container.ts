// Which pod and which of its containers a laptop stands in for. Pure.

import { AGENT_CONTAINER } from '@kubectl-tp/control-plane/api';
import { describeTarget } from '@kubectl-tp/control-plane/match';
import { TpError } from '../errors.ts';
import { describeAgent } from './describe-agent.ts';
import { allContainers, type Container, isReady, isTerminating, type Pod } from './objects.ts';
import type { TargetName } from './target.ts';

/** Which container kubectl takes when none is named. */
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export type ContainerChoice = {
  /** By name. */
  readonly container?: string | undefined;
  /** Else the one behind this port. */
  readonly port?: number | undefined;
};

export type FoundContainer = { readonly pod: Pod; readonly container: Container };

/** Undefined when there is no pod. Throws CONTAINER_NOT_FOUND. */
export function findContainer(pods: readonly Pod[], choice: ContainerChoice): FoundContainer | undefined {
  const pod = pods.find((one) => isReady(one) && !isTerminating(one)) ?? pods[0];
  if (pod === undefined) return undefined;
  const containers = pod.spec.containers.filter(({ name }) => name !== AGENT_CONTAINER);
  const container =
    choice.container === undefined ? likeliest(pod, containers, choice.port) : named(pod, choice.container);
  return container && { pod, container };
}

function named(pod: Pod, wanted: string): Container {
  const all = allContainers(pod.spec).filter(({ name }) => name !== AGENT_CONTAINER);
  const found = all.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = all.map(({ name }) => name);
  throw new TpError('CONTAINER_NOT_FOUND', `Pod ${pod.metadata.name} has no container ${wanted}.`, {
    hint: `Choose one of them: --container ${names.join('|')}`,
  });
}

/** The owner of the port, as the agent knows it or the pod says it; else kubectl's choice; else the first. */
function likeliest(pod: Pod, containers: readonly Container[], port: number | undefined): Container | undefined {
  const owner = describeAgent(pod)?.ports.find(({ appPort }) => appPort === port)?.container;
  const byName = (wanted: string | undefined) => containers.find(({ name }) => name === wanted);
  return (
    byName(owner) ??
    containers.find(({ ports }) => ports?.some(({ containerPort }) => containerPort === port)) ??
    byName(pod.metadata.annotations?.[DEFAULT_CONTAINER]) ??
    containers[0]
  );
}

/** For whoever can do nothing without one. */
export function noPod({ namespace, target }: { namespace: string; target: TargetName }): TpError {
  return new TpError('NO_READY_PODS', `${describeTarget(target)} in ${namespace} has no pod to read from.`, {
    hint: `Start some, or see why there are none: kubectl -n ${namespace} get pods`,
  });
}
