// A Service as a target: which of its ports, where that leads in the pods, and how an agent must catch it.

import type { ClusterState, ServiceModel, ServicePortModel } from '../state/cluster-state.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { findForeignProtocol } from './port-protocol.ts';
import { type ByNumber, preferTcp, type Refusal, type TargetPort } from './target-port.ts';

type ServiceQuestion = { readonly namespace: string; readonly name: string; readonly port?: string | undefined };

export function resolveServicePort(
  state: ClusterState,
  index: ClusterIndex,
  { namespace, name, port }: ServiceQuestion,
): TargetPort | Refusal {
  const service = findService(state, { namespace, name });
  if ('reason' in service) return service;
  const chosen = port === undefined ? chooseOnlyPort(service) : findPort(service, port);
  if ('reason' in chosen) return chosen;
  const refusal = refuseProtocol(service, chosen);
  if (refusal !== undefined) return refusal;
  return {
    pods: index.podsSelectedBy(namespace, service.selector),
    port: chosen.targetPort,
    byNumber: findByNumber(service, chosen),
    name: typeof chosen.targetPort === 'string' ? chosen.targetPort : undefined,
    label: chosen.name ?? String(chosen.port),
  };
}

function findByNumber({ headless }: ServiceModel, { targetPort }: ServicePortModel): ByNumber | undefined {
  // Callers of a headless Service connect to the port they know on the pod itself, whatever name it has.
  if (headless) return 'HeadlessService';
  return typeof targetPort === 'number' ? 'NumericTargetPort' : undefined;
}

/** The Service, if it has pods. */
export function findService(
  state: ClusterState,
  { namespace, name }: ServiceQuestion,
): (ServiceModel & { selector: Readonly<Record<string, string>> }) | Refusal {
  const service = state.services.get(`${namespace}/${name}`);
  if (service === undefined) {
    const detail = `There is no Service "${name}" in namespace "${namespace}". See kubectl -n ${namespace} get services`;
    return { reason: 'TargetNotFound', detail };
  }
  const { selector } = service;
  return selector === undefined ? refuseWithoutSelector(service) : { ...service, selector };
}

function refuseWithoutSelector({ name }: ServiceModel): Refusal {
  return {
    reason: 'TargetNotFound',
    detail: `Service "${name}" has no selector, so no pods belong to it. Name the workload instead: deployment/NAME`,
  };
}

function chooseOnlyPort(service: ServiceModel): ServicePortModel | Refusal {
  const candidates = service.ports.filter(({ protocol }) => protocol === 'TCP');
  const [only = service.ports[0]] = candidates;
  if (only === undefined) return { reason: 'PortNotFound', detail: `Service "${service.name}" has no ports.` };
  if (candidates.length <= 1) return only;
  const detail = `Service "${service.name}" has several ports: ${listPorts(service)}. Choose one, for example -p ${only.port}:${only.port}`;
  return { reason: 'PortAmbiguous', detail };
}

function findPort(service: ServiceModel, wanted: string): ServicePortModel | Refusal {
  const found = preferTcp(service.ports.filter(({ name, port }) => name === wanted || String(port) === wanted));
  if (found !== undefined) return found;
  const detail = `Service "${service.name}" has no port "${wanted}"; it has ${listPorts(service) || 'none'}.`;
  return { reason: 'PortNotFound', detail };
}

function refuseProtocol(service: ServiceModel, port: ServicePortModel): Refusal | undefined {
  const where = `Port ${port.port} of Service "${service.name}"`;
  if (port.protocol !== 'TCP') {
    return {
      reason: 'ProtocolNotSupported',
      detail: `${where} is ${port.protocol}; only HTTP over TCP can be intercepted.`,
    };
  }
  const foreign = findForeignProtocol(port);
  if (foreign === undefined) return undefined;
  const detail = `${where} says it speaks "${foreign}"; only plain HTTP can be intercepted. If it is HTTP, set the port's appProtocol to http.`;
  return { reason: 'ProtocolNotSupported', detail };
}

function listPorts({ ports }: ServiceModel): string {
  return ports
    .map(
      ({ name, port, protocol }) =>
        `${name === undefined ? port : `${name} (${port})`}${protocol === 'TCP' ? '' : ` ${protocol}`}`,
    )
    .join(', ');
}
