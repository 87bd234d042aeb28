// Whether two targets lead to one port of a pod: a Service and a Deployment behind it, two Services with the same pods.

import { AGENT_CONTAINER, type InterceptTarget, isSelectedBy, workloadOfPod } from '@kubectl-tp/control-plane/api';
import { parseAgentDescription } from '@kubectl-tp/control-plane/api/parse-agent-description';
import { type AppPort, listAppPorts } from '../inject/app-ports.ts';
import { findServicePort, type ServiceView } from '../inject/namespace-view.ts';
import type { Pod } from '../inject/pod.ts';
import { authorName } from '../inject/take-over-names.ts';

export function sharePort(
  pod: Pod,
  [a, b]: readonly [InterceptTarget, InterceptTarget],
  services: readonly ServiceView[],
): boolean {
  const port = findPort(pod, a, services);
  return port !== undefined && port === findPort(pod, b, services);
}

/** Number of the application's port; undefined: the target does not lead to the pod. */
function findPort(pod: Pod, target: InterceptTarget, services: readonly ServiceView[]): number | undefined {
  const ports = listAuthorPorts(pod);
  if (target.kind !== 'Service') {
    const workload = workloadOfPod(pod.metadata);
    if (workload?.kind !== target.kind || workload.name !== target.name) return undefined;
    if (target.port === undefined) return ports.length === 1 ? ports[0]?.number : undefined;
    return findNumber(ports, /^\d+$/.test(target.port) ? Number(target.port) : target.port);
  }
  const service = services.find(({ name }) => name === target.name);
  if (service === undefined || !isSelectedBy(service.selector, pod.metadata.labels)) return undefined;
  const port = findServicePort(service, target.port);
  return port && findNumber(ports, port.targetPort);
}

function findNumber(ports: readonly AppPort[], port: number | string): number | undefined {
  return typeof port === 'number' ? port : ports.find(({ name }) => name === port)?.number;
}

/** The ports as the pod's author named them: an agent takes names over. */
function listAuthorPorts(pod: Pod): AppPort[] {
  const taken = parseAgentDescription(pod.metadata.annotations)?.ports ?? [];
  return listAppPorts(pod)
    .filter(({ container }) => container !== AGENT_CONTAINER)
    .map((port) => ({ ...port, name: authorName(port, taken) }));
}
