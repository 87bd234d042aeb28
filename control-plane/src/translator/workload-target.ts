// A workload as a target: which port of its containers, and how an agent must catch what goes there by whatever way.

import {
  type ClusterState,
  type ContainerPortModel,
  type ServiceModel,
  type WorkloadKind,
  type WorkloadModel,
  workloadKey,
} from '../state/cluster-state.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { findForeignProtocol } from './port-protocol.ts';
import { type ByNumber, preferTcp, type Refusal, type TargetPort } from './target-port.ts';

type WorkloadQuestion = {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly port?: string | undefined;
};

export function resolveWorkloadPort(
  state: ClusterState,
  index: ClusterIndex,
  question: WorkloadQuestion,
): TargetPort | Refusal {
  const { kind, namespace, name } = question;
  const workload = findWorkload(state, question);
  if ('reason' in workload) return workload;
  const chosen = question.port === undefined ? chooseOnlyPort(workload) : findPort(workload, question.port);
  if ('reason' in chosen) return chosen;
  const pods = index.podsOfWorkload(kind, namespace, name);
  const services = index.servicesSelecting(namespace, pods[0]?.labels ?? workload.selector);
  const refusal = refuseProtocol(workload, chosen, services);
  if (refusal !== undefined) return refusal;
  return {
    pods,
    port: chosen.number,
    byNumber: findByNumber(chosen, services),
    name: chosen.name,
    label: chosen.name ?? String(chosen.number),
  };
}

export function findWorkload(
  state: ClusterState,
  { kind, namespace, name }: Omit<WorkloadQuestion, 'port'>,
): WorkloadModel | Refusal {
  const workload = state.workloads.get(workloadKey({ kind, namespace, name }));
  if (workload !== undefined) return workload;
  const detail = `There is no ${kind} "${name}" in namespace "${namespace}". See kubectl -n ${namespace} get ${kind.toLowerCase()}s`;
  return { reason: 'TargetNotFound', detail };
}

type ChosenPort = Pick<ContainerPortModel, 'name' | 'number' | 'protocol'>;

function chooseOnlyPort(workload: WorkloadModel): ChosenPort | Refusal {
  const candidates = workload.ports.filter(({ protocol }) => protocol === 'TCP');
  const [only] = candidates;
  const subject = `${workload.kind} "${workload.name}"`;
  if (only === undefined) {
    const detail = `The containers of ${subject} declare no TCP port. Name the number it listens on: -p LOCAL:PORT`;
    return { reason: 'PortNotFound', detail };
  }
  if (candidates.length === 1) return only;
  const detail = `${subject} has several ports: ${listPorts(candidates)}. Choose one, for example -p ${only.number}:${only.number}`;
  return { reason: 'PortAmbiguous', detail };
}

/** A number need not be declared: containers may listen where they like. */
function findPort(workload: WorkloadModel, wanted: string): ChosenPort | Refusal {
  const found = preferTcp(workload.ports.filter(({ name, number }) => name === wanted || String(number) === wanted));
  if (found !== undefined) return found;
  const number = Number(wanted);
  if (Number.isInteger(number) && number >= 1 && number <= 65535) return { name: undefined, number, protocol: 'TCP' };
  const detail = `${workload.kind} "${workload.name}" has no port "${wanted}"; it has ${listPorts(workload.ports) || 'none'}.`;
  return { reason: 'PortNotFound', detail };
}

function refuseProtocol(
  workload: WorkloadModel,
  port: ChosenPort,
  services: readonly ServiceModel[],
): Refusal | undefined {
  const where = `Port ${port.number} of ${workload.kind} "${workload.name}"`;
  if (port.protocol !== 'TCP') {
    return {
      reason: 'ProtocolNotSupported',
      detail: `${where} is ${port.protocol}; only HTTP over TCP can be intercepted.`,
    };
  }
  const stated = servicePorts(port, services).find(({ appProtocol }) => appProtocol !== undefined)?.appProtocol;
  const foreign = findForeignProtocol({ name: port.name, appProtocol: stated });
  if (foreign === undefined) return undefined;
  const detail = `${where} says it speaks "${foreign}"; only plain HTTP can be intercepted. If it is HTTP, set appProtocol: http on the Service's port.`;
  return { reason: 'ProtocolNotSupported', detail };
}

/** As the webhook injects: where a Service leads to the port by its name, no privilege is taken for other ways to it. */
function findByNumber(port: ChosenPort, services: readonly ServiceModel[]): ByNumber | undefined {
  const withAddress = services.filter(({ headless }) => !headless);
  const ways = servicePorts(port, withAddress);
  if (ways.some(({ targetPort }) => targetPort === port.name)) return undefined;
  return ways.length > 0 ? 'NumericTargetPort' : 'NoServiceByName';
}

function servicePorts(port: ChosenPort, services: readonly ServiceModel[]) {
  return services
    .flatMap(({ ports }) => ports)
    .filter(
      ({ protocol, targetPort }) => protocol === 'TCP' && (targetPort === port.number || targetPort === port.name),
    );
}

function listPorts(ports: readonly ChosenPort[]): string {
  return ports.map(({ name, number }) => (name === undefined ? String(number) : `${name} (${number})`)).join(', ');
}
