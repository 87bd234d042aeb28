// The ports that a pod's (or pod template's) containers declare.

import { AGENT_CONTAINER } from '../api/index.ts';
import type { ContainerPortModel } from './cluster-state.ts';

export type RawPodSpec = { containers?: RawContainer[]; initContainers?: RawContainer[]; hostNetwork?: boolean };

type RawContainer = {
  name: string;
  restartPolicy?: string;
  ports?: { name?: string; containerPort: number; protocol?: 'TCP' | 'UDP' | 'SCTP' }[];
};

/**
 * Ports of the application's containers and of its own native sidecars; the agent's are not the application's. In the
 * order in which Kubernetes looks for a Service's named port.
 */
export function parseContainerPorts({ containers = [], initContainers = [] }: RawPodSpec = {}): ContainerPortModel[] {
  const sidecars = initContainers.filter(
    ({ name, restartPolicy }) => restartPolicy === 'Always' && name !== AGENT_CONTAINER,
  );
  return [...containers, ...sidecars].flatMap(({ name: container, ports = [] }) =>
    ports.map(({ name, containerPort, protocol = 'TCP' }) => ({ container, name, number: containerPort, protocol })),
  );
}
