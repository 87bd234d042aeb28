// Capture without privilege: Services find a container port by its name, so the agent's port takes the name and the
// application's port gets another one. Kubernetes looks at native sidecars, too, but at the pod's own containers first:
// therefore no other container may keep the name.

import type { CapturedPort } from '@kubectl-tp/control-plane/api';
import type { AppPort } from './app-ports.ts';
import { type Container, type ContainerPort, isTcp, mapServingContainers, type Pod, servingContainers } from './pod.ts';

export function takeOverNames(pod: Pod, ports: readonly CapturedPort[]): Pod {
  const names = takenNames(ports);
  if (names.size === 0) return pod;
  return mapServingContainers(pod, (container) => renamePorts(container, names));
}

/** Names that the agent's ports get. */
export function takenNames(ports: readonly CapturedPort[]): Set<string> {
  return new Set(ports.flatMap(({ capture, name }) => (capture === 'Name' && name !== undefined ? [name] : [])));
}

/** As the pod's author named a port of a pod with an agent that has captured these. */
export function authorName({ number, name }: AppPort, ports: readonly CapturedPort[]): string | undefined {
  if (name !== newName(number)) return name;
  const taker = ports.find(({ appPort, capture }) => appPort === number && capture === 'Name');
  return taker?.name ?? name;
}

/** True if the new name of a port would be another port's, too: Services or probes that mean the one would find the other. */
export function hasNewNameTaken(pod: Pod, ports: readonly CapturedPort[]): boolean {
  const names = takenNames(ports);
  const containers = servingContainers(pod).map(({ ports: own = [] }) => own);
  const given = new Set(containers.flat().map(({ name }) => name));
  return containers.some((own) => {
    const renamed = own.filter((port) => isTakenOver(port, names)).map(({ containerPort }) => newName(containerPort));
    return new Set(renamed).size < renamed.length || renamed.some((name) => given.has(name));
  });
}

function renamePorts(container: Container, names: ReadonlySet<string>): Container {
  if (!container.ports?.some((port) => isTakenOver(port, names))) return container;
  return {
    ...container,
    ports: container.ports.map((port) =>
      isTakenOver(port, names) ? { ...port, name: newName(port.containerPort) } : port,
    ),
  };
}

function isTakenOver(port: ContainerPort, names: ReadonlySet<string>): boolean {
  return port.name !== undefined && isTcp(port) && names.has(port.name);
}

/** At most 8 of the 15 characters that a port name may have. */
function newName(number: number): string {
  return `tp-${number}`;
}
