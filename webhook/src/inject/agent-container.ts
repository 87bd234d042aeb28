// The agent: Envoy as a native sidecar, fit for the restricted pod security profile.

import {
  AGENT_CONTAINER,
  AGENT_UID,
  type CapturedPort,
  CONTROL_PLANE_SERVICE,
  XDS_PORT,
} from '@kubectl-tp/control-plane/api';
import { buildAgentArguments, buildBootstrap } from '@kubectl-tp/xds/bootstrap';
import { ADMIN_SOCKET, AGENT_VOLUMES, SOCKET_DIRECTORY, TOKEN_DIRECTORY } from './agent-volumes.ts';
import { isByNft } from './capture-container.ts';
import type { Container, ContainerPort } from './pod.ts';
import type { InjectSettings, Resources } from './settings.ts';

export type AgentOptions = {
  readonly ports: readonly CapturedPort[];
  /** A port of its own, where the kubelet sees whether the agent serves. */
  readonly readinessPort: number;
  readonly resources: Resources;
};

export function buildAgentContainer(options: AgentOptions, settings: InjectSettings): Container {
  const { ports, readinessPort, resources } = options;
  const container = {
    name: AGENT_CONTAINER,
    image: settings.agentImage,
    imagePullPolicy: settings.imagePullPolicy,
    restartPolicy: 'Always',
    command: ['envoy'],
    args: buildArguments(options, settings),
    // The kubelet expands $(POD_IP) and the like in the arguments: so the same arguments fit every pod.
    env: [
      buildFieldVariable('POD_IP', 'status.podIP'),
      buildFieldVariable('POD_NAME', 'metadata.name'),
      buildFieldVariable('POD_NAMESPACE', 'metadata.namespace'),
    ],
    ports: ports.map(buildPort),
    // Asked every second, because a pod gets no traffic before it; patient, because a node that is busy for a moment
    // must not take the pod out of its Services.
    readinessProbe: { tcpSocket: { port: readinessPort }, periodSeconds: 1, failureThreshold: 10 },
    resources,
    securityContext: {
      runAsUser: AGENT_UID,
      runAsGroup: AGENT_UID,
      runAsNonRoot: true,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: AGENT_VOLUMES.socket, mountPath: SOCKET_DIRECTORY },
      { name: AGENT_VOLUMES.token, mountPath: TOKEN_DIRECTORY, readOnly: true },
    ],
  };
  return container;
}

function buildArguments({ ports, readinessPort }: AgentOptions, settings: InjectSettings): string[] {
  const { installNamespace, authority, ipv6 } = settings;
  const bootstrap = buildBootstrap({
    ports: ports.map(({ appPort, agentPort }) => ({ appPort, agentPort })),
    controlPlane: { host: `${CONTROL_PLANE_SERVICE}.${installNamespace}.svc`, port: XDS_PORT, authority },
    identityDirectory: TOKEN_DIRECTORY,
    adminSocket: ADMIN_SOCKET,
    readinessPort,
    ipv6,
  });
  return buildAgentArguments(bootstrap);
}

function buildFieldVariable(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}

/** The name is what Services look for. */
function buildPort(port: CapturedPort): ContainerPort {
  const { agentPort, name } = port;
  return { containerPort: agentPort, protocol: 'TCP', ...(!isByNft(port) && name !== undefined && { name }) };
}
