// The TCP ports that a pod's own containers serve.

import { isTcp, type Pod, servingContainers } from './pod.ts';

export type AppPort = { readonly number: number; readonly name?: string | undefined; readonly container: string };

export function listAppPorts(pod: Pod): AppPort[] {
  return servingContainers(pod).flatMap(({ name: container, ports = [] }) =>
    ports.filter(isTcp).map(({ name, containerPort }) => ({ number: containerPort, name, container })),
  );
}

export function findByName(pod: Pod, name: string): AppPort | undefined {
  return listAppPorts(pod).find((port) => port.name === name);
}

/** Declaring ports is optional in Kubernetes: a port that no container declares is taken to be the first container's. */
export function findByNumber(pod: Pod, number: number): AppPort | undefined {
  const declared = listAppPorts(pod).find((port) => port.number === number);
  const [container] = pod.spec.containers;
  return declared ?? (container && { number, container: container.name });
}

/**
 * Numbers from `first` on for the agent: none that the pod declares, none that is captured (it may be undeclared), and
 * none that the agent has already.
 */
export function* freePorts(
  first: number,
  pod: Pod,
  captured: readonly { readonly appPort: number; readonly agentPort?: number }[],
): Generator<number, never> {
  const taken = new Set([
    ...listAppPorts(pod).map(({ number }) => number),
    ...captured.flatMap(({ appPort, agentPort }) => [appPort, agentPort]),
  ]);
  for (let port = first; ; port++) if (!taken.has(port)) yield port;
}
