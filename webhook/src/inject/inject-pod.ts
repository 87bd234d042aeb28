// Injection in one pure step: the pod with its agent, or the reason why it gets none. Injecting twice is injecting once.

import {
  AGENT_ANNOTATION,
  AGENT_LABEL,
  AGENT_SDS_ANNOTATION,
  type AgentDescription,
  type CapturedPort,
  refusesNetAdmin,
} from '@kubectl-tp/control-plane/api';
import { buildTokenSecretFile } from '@kubectl-tp/xds/bootstrap';
import { buildAgentContainer } from './agent-container.ts';
import { buildAgentResources } from './agent-resources.ts';
import { buildAgentVolumes, TOKEN_DIRECTORY } from './agent-volumes.ts';
import { freePorts } from './app-ports.ts';
import { buildBypasses, buildCaptureContainer, isByNft } from './capture-container.ts';
import { findCapturedPorts } from './captured-ports.ts';
import { findSkipReason, findTargets, type SkipReason } from './eligibility.ts';
import type { NamespaceView } from './namespace-view.ts';
import type { Container, Pod } from './pod.ts';
import { addPreStop } from './pre-stop.ts';
import { rewriteProbes } from './probes.ts';
import type { InjectSettings } from './settings.ts';
import { hasNewNameTaken, takeOverNames } from './take-over-names.ts';

export type Injection =
  | { readonly outcome: 'injected'; readonly pod: Pod; readonly description: AgentDescription }
  | { readonly outcome: 'skipped'; readonly reason: SkipReason };

export function injectPod(pod: Pod, namespace: NamespaceView, settings: InjectSettings): Injection {
  const reason = findSkipReason(pod, namespace);
  if (reason !== undefined) return { outcome: 'skipped', reason };
  const targets = findTargets(pod, namespace);
  const wanted = findCapturedPorts(pod, namespace, targets);
  // Better no agent than no pod.
  const ports = wanted.filter((port) => !isByNft(port) || !refusesNetAdmin(namespace.labels));
  const isExit = targets.some(({ action }) => action === 'Exit');
  if (ports.length === 0 && !isExit)
    return { outcome: 'skipped', reason: wanted.length === 0 ? 'NoPort' : 'PrivilegeRefused' };
  if (hasNewNameTaken(pod, ports)) return { outcome: 'skipped', reason: 'NameCollision' };
  const description = { version: settings.version, ports };
  return { outcome: 'injected', pod: describe(buildPod(pod, ports, settings), description), description };
}

function buildPod(pod: Pod, ports: readonly CapturedPort[], settings: InjectSettings): Pod {
  const bypasses = buildBypasses(pod, ports);
  // Probes first: they refer to port names as the pod's author wrote them.
  const application = takeOverNames(rewriteProbes(pod, ports, bypasses), ports);
  const { spec, ...rest } = addPreStop(application, ports, settings.preStopSleepSeconds);
  return {
    ...rest,
    spec: {
      ...spec,
      initContainers: [...buildContainers(pod, ports, bypasses, settings), ...(spec.initContainers ?? [])],
      volumes: [...(spec.volumes ?? []), ...buildAgentVolumes()],
    },
  };
}

/** Below the agent's ports for the application's. */
const READINESS_PORT = 15079;

/**
 * The agent comes before the pod's own init containers: it connects to the control plane while they work, and since
 * sidecars end in reverse order, it outlives every other one that may serve a captured port. It delays none of them, as
 * a native sidecar counts as started at once. nft rules come first of all, so that no connection ever gets past them.
 */
function buildContainers(
  pod: Pod,
  ports: readonly CapturedPort[],
  bypasses: ReadonlyMap<number, number>,
  settings: InjectSettings,
): Container[] {
  const readinessPort = freePorts(READINESS_PORT, pod, ports).next().value;
  const resources = buildAgentResources(pod, settings.agentResources);
  const agent = buildAgentContainer({ ports, readinessPort, resources }, settings);
  return ports.some(isByNft) ? [buildCaptureContainer(ports, bypasses, settings), agent] : [agent];
}

/** What the control plane reads back. */
function describe(pod: Pod, description: AgentDescription): Pod {
  const { metadata } = pod;
  return {
    ...pod,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [AGENT_LABEL]: 'true' },
      annotations: {
        ...metadata.annotations,
        [AGENT_ANNOTATION]: JSON.stringify(description),
        [AGENT_SDS_ANNOTATION]: buildTokenSecretFile(TOKEN_DIRECTORY),
      },
    },
  };
}
