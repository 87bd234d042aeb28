// Capture with privilege, for ports that callers reach by number: an init container writes nft rules that redirect new
// connections from outside the pod to the agent. Connections inside the pod (the agent's own ones to the application)
// never pass the prerouting hook.

import { CAPTURE_CONTAINER, type CapturedPort } from '@kubectl-tp/control-plane/api';
import { freePorts } from './app-ports.ts';
import type { Container, Pod } from './pod.ts';
import type { InjectSettings } from './settings.ts';

/** Beyond the agent's own ports, of which there are at most 16 (and as many more as the pod itself uses). */
const FIRST_BYPASS_PORT = 15180;

/** One more port for each captured one, which the rules lead to the application: the kubelet's probes use it. */
export function buildBypasses(pod: Pod, ports: readonly CapturedPort[]): Map<number, number> {
  const free = freePorts(FIRST_BYPASS_PORT, pod, ports);
  return new Map(ports.filter(isByNft).map(({ appPort }) => [appPort, free.next().value]));
}

export function buildCaptureContainer(
  ports: readonly CapturedPort[],
  bypasses: ReadonlyMap<number, number>,
  settings: InjectSettings,
): Container {
  const container = {
    name: CAPTURE_CONTAINER,
    image: settings.captureImage,
    imagePullPolicy: settings.imagePullPolicy,
    command: ['nft', buildRules(ports.filter(isByNft), bypasses)],
    securityContext: {
      // The kernel asks for NET_ADMIN only; root, because an added capability is effective for nobody else.
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    resources: settings.captureResources,
  };
  return container;
}

export function isByNft({ capture }: CapturedPort): boolean {
  return capture === 'Nft';
}

/** Adding and deleting the table first makes it the same whether the container runs once or again. */
function buildRules(ports: readonly CapturedPort[], bypasses: ReadonlyMap<number, number>): string {
  const rules = ports.flatMap(({ appPort, agentPort }) => [
    `tcp dport ${appPort} redirect to :${agentPort}`,
    `tcp dport ${bypasses.get(appPort)} redirect to :${appPort}`,
  ]);
  return [
    `add ${TABLE}`,
    `delete ${TABLE}`,
    `add ${TABLE}`,
    `add chain ${CHAIN} { type nat hook prerouting priority dstnat; }`,
    ...rules.map((rule) => `add rule ${CHAIN} ${rule}`),
  ].join('; ');
}

const TABLE = 'table inet kubectl-tp';
const CHAIN = 'inet kubectl-tp capture';
