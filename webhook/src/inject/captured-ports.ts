// Which ports of a pod the agent captures, and how. Least privilege first: a port that a Service targets by name costs
// nothing; nft rules, which need NET_ADMIN, are written only where an Intercept wants a port that no name leads to.

import { AGENT_FIRST_PORT, type CapturedPort, INJECT, isSelectedBy } from '@kubectl-tp/control-plane/api';
import { type AppPort, findByName, findByNumber, freePorts, listAppPorts } from './app-ports.ts';
import { findServicePort, type NamespaceView, type ServiceView, type WantedTarget } from './namespace-view.ts';
import type { Pod } from './pod.ts';

/** The bound of `AgentDescription`. Ports that Intercepts target come first; the others are not needed today. */
const MAX_CAPTURED_PORTS = 16;

/** `direct`: callers reach the port by number, so that taking over its name catches nothing. */
type WantedPort = AppPort & { readonly direct: boolean };

/** The result is sorted by the application's port. `targets`: those of the Intercepts that lead to this pod. */
export function findCapturedPorts(
  pod: Pod,
  namespace: NamespaceView,
  targets: readonly WantedTarget[],
): CapturedPort[] {
  const services = namespace.services.filter(({ selector }) => isSelectedBy(selector, pod.metadata.labels));
  const asksItself = pod.metadata.annotations?.[INJECT] === 'enabled';
  const named = asksItself && services.length === 0 ? listNamedPorts(pod) : findNamedPorts(pod, services);
  const wanted = targets.flatMap((target) => findWantedPort(target, pod, services) ?? []);
  // Only Services that are there: a name that nobody targets yet catches nothing of what an Intercept wants today.
  const targeted = new Set(findNamedPorts(pod, services).map(({ name }) => name));
  const byNft = new Set(
    wanted.filter((port) => port.direct || !targeted.has(port.name) || isWantedOtherwise(port, wanted)).map(toNumber),
  );
  const chosen = firstOfEachNumber([...wanted, ...named]).slice(0, MAX_CAPTURED_PORTS);
  const agentPorts = freePorts(
    AGENT_FIRST_PORT,
    pod,
    chosen.map(({ number }) => ({ appPort: number })),
  );
  return chosen
    .sort((a, b) => a.number - b.number)
    .map(({ name, number, container }) => ({
      ...(name !== undefined && { name }),
      appPort: number,
      agentPort: agentPorts.next().value,
      capture: byNft.has(number) ? 'Nft' : 'Name',
      container,
    }));
}

/** Ports that some Service with an address of its own targets by name. */
function findNamedPorts(pod: Pod, services: readonly ServiceView[]): AppPort[] {
  const targetPorts = services
    .filter(({ headless }) => !headless)
    .flatMap(({ ports }) => ports.map(({ targetPort }) => targetPort));
  return targetPorts.flatMap((port) => (typeof port === 'string' ? (findByName(pod, port) ?? []) : []));
}

/** A number may have several names, and the agent takes over one of them: what comes by the others passes it. */
function isWantedOtherwise({ number, name }: WantedPort, wanted: readonly WantedPort[]): boolean {
  return wanted.some((other) => other.number === number && other.name !== name);
}

/** A pod that asks for its agent itself may be older than its Service, which could target any of these. */
function listNamedPorts(pod: Pod): AppPort[] {
  const names = new Set(listAppPorts(pod).map(({ name }) => name));
  return [...names].flatMap((name) => (name === undefined ? [] : (findByName(pod, name) ?? [])));
}

function findWantedPort(target: WantedTarget, pod: Pod, services: readonly ServiceView[]): WantedPort | undefined {
  // Nothing that comes to the pod concerns an exit.
  if (target.action === 'Exit') return undefined;
  if (target.kind !== 'Service') {
    const port = findContainerPort(pod, target.port);
    return port && { ...port, direct: false };
  }
  const service = services.find(({ name }) => name === target.name);
  const targetPort = service && findServicePort(service, target.port)?.targetPort;
  if (service === undefined || targetPort === undefined) return undefined;
  const port = typeof targetPort === 'string' ? findByName(pod, targetPort) : findByNumber(pod, targetPort);
  return port && { ...port, direct: service.headless || typeof targetPort === 'number' };
}

/** A workload's port as an Intercept names it: by name, by number, or not at all when there is only one. */
function findContainerPort(pod: Pod, port: string | undefined): AppPort | undefined {
  if (port === undefined) {
    const [only, ...others] = listAppPorts(pod);
    return others.length === 0 ? only : undefined;
  }
  return findByName(pod, port) ?? (/^\d+$/.test(port) ? findByNumber(pod, Number(port)) : undefined);
}

function toNumber({ number }: AppPort): number {
  return number;
}

function firstOfEachNumber<T extends AppPort>(ports: readonly T[]): T[] {
  return ports.filter((port, index) => ports.findIndex(({ number }) => number === port.number) === index);
}
