// Which pods get no agent, and why. The reasons are a closed table that logs and metrics share.

import {
  AGENT_ANNOTATION,
  AGENT_CONTAINER,
  CAPTURE_CONTAINER,
  INJECT,
  isSelectedBy,
  workloadOfPod,
} from '@kubectl-tp/control-plane/api';
import { AGENT_VOLUMES } from './agent-volumes.ts';
import type { NamespaceView, WantedTarget } from './namespace-view.ts';
import type { Pod } from './pod.ts';

export const SKIP_REASONS = {
  AlreadyInjected: 'The pod has an agent already.',
  Disabled: `The pod or its namespace says ${INJECT}: disabled.`,
  HostNetwork: 'The pod uses the network of its node, where ports belong to every pod of the node.',
  MirrorPod: 'The pod is the image of a static pod; the kubelet runs what is in its file, whatever the object says.',
  NotLinux: 'The pod is for another operating system than Linux.',
  NotTargeted: 'No Intercept targets the pod, and neither it nor its namespace asks for an agent.',
  NameCollision: 'The pod has a container, a volume or a port with a name that the agent needs.',
  NoPort: 'No Service leads to a named TCP port of the pod, and no Intercept to a numeric one.',
  PrivilegeRefused:
    'The intercepted port can be captured by its number only, and the pod security level of the namespace refuses the NET_ADMIN capability that this needs. Let a Service with an address of its own target the port by a name.',
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

/** Undefined: the pod shall have an agent if it has a port to capture. */
export function findSkipReason(pod: Pod, namespace: NamespaceView): SkipReason | undefined {
  if (hasAgent(pod)) return 'AlreadyInjected';
  if (wish(pod, namespace) === 'disabled') return 'Disabled';
  if (pod.spec.hostNetwork === true) return 'HostNetwork';
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return 'MirrorPod';
  if (pod.spec.os !== undefined && pod.spec.os.name !== 'linux') return 'NotLinux';
  if (wish(pod, namespace) !== 'enabled' && findTargets(pod, namespace).length === 0) return 'NotTargeted';
  if (hasNameCollision(pod)) return 'NameCollision';
  return undefined;
}

/** The targets of Intercepts that lead to this pod. */
export function findTargets(pod: Pod, namespace: NamespaceView): WantedTarget[] {
  const { labels } = pod.metadata;
  const workload = workloadOfPod(pod.metadata);
  const services = new Set(
    namespace.services.filter(({ selector }) => isSelectedBy(selector, labels)).map(({ name }) => name),
  );
  return namespace.targets.filter(({ kind, name }) =>
    kind === 'Service' ? services.has(name) : workload?.kind === kind && workload.name === name,
  );
}

/** A reinvocation of the webhook, or a pod made from the dump of an injected one. */
function hasAgent(pod: Pod): boolean {
  return pod.metadata.annotations?.[AGENT_ANNOTATION] !== undefined && hasContainer(pod, AGENT_CONTAINER);
}

/** `disabled` wins wherever it is said: it protects what must not be touched. */
function wish(pod: Pod, namespace: NamespaceView): 'enabled' | 'disabled' | undefined {
  const said = [pod.metadata.annotations?.[INJECT], namespace.labels[INJECT]];
  if (said.includes('disabled')) return 'disabled';
  return said.includes('enabled') ? 'enabled' : undefined;
}

function hasNameCollision(pod: Pod): boolean {
  const volumes = pod.spec.volumes ?? [];
  return (
    hasContainer(pod, AGENT_CONTAINER) ||
    hasContainer(pod, CAPTURE_CONTAINER) ||
    volumes.some(({ name }) => Object.values(AGENT_VOLUMES).some((taken) => taken === name))
  );
}

function hasContainer(pod: Pod, name: string): boolean {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some((container) => container.name === name);
}
