// Finds what an intercept is aimed at: the pods behind a Service or workload, the port, and the number the application
// listens on. Only for what the laptop must know before it creates the object; the control plane decides by itself.

import {
  DAEMON_SETS,
  DEPLOYMENTS,
  PODS,
  type Resource,
  SERVICES,
  STATEFUL_SETS,
  type TargetKind,
  workloadOfPod,
} from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { assertNamespaceExists } from './assert-namespace.ts';
import { describeAgent } from './describe-agent.ts';
import {
  addressesOfService,
  buildSelector,
  type Container,
  isTerminating,
  type Pod,
  type Service,
  type Workload,
} from './objects.ts';
import { findByWord, isTcp, wordsOfPort } from './port-words.ts';
import { ifFound } from './translate-error.ts';

export type TargetName = { readonly kind: TargetKind; readonly name: string };

export type Target = TargetName & {
  /** Label selector of the pods; it may take in others, too. */
  readonly selector: string;
  /** Whether a pod that the selector takes in is one of the target's. */
  readonly hasPod: (pod: Pod) => boolean;
  /** The port as the Intercept names it. */
  readonly port: string;
  /** The number of the application's port; undefined if it is named and none of the pods tells the number. */
  readonly portIn: (pods: readonly Pod[]) => number | undefined;
  /** How callers name it: `orders.shop:80`; undefined for workloads. */
  readonly host: string | undefined;
  /** Addresses of a Service with the port that callers connect to; none of workloads and of headless Services. */
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
};

export const WORKLOADS: Readonly<Record<Exclude<TargetKind, 'Service'>, Resource>> = {
  Deployment: DEPLOYMENTS,
  StatefulSet: STATEFUL_SETS,
  DaemonSet: DAEMON_SETS,
};

type Search = {
  readonly namespace: string;
  readonly target: TargetName;
  readonly remotePort?: string | undefined;
  /** The command that looks, for what it tells to type next. */
  readonly command?: 'intercept' | 'replace' | 'env' | 'ingest' | 'connect --via' | undefined;
};

export async function findTarget(client: KubernetesClient, search: Search, signal: AbortSignal): Promise<Target> {
  const found = await readTarget(client, search, signal);
  return 'service' in found ? findService(search, found.service) : findWorkload(search, found.workload);
}

/** The pods that the selector takes in. */
export function listSelected(
  client: KubernetesClient,
  { namespace, selector }: { namespace: string; selector: string },
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  return client.list<Pod>(PODS, { namespace, labelSelector: selector, signal });
}

/** The number of the target's port, from its pods where it is named; undefined if none of them tells it. */
export async function findContainerPort(
  client: KubernetesClient,
  { namespace, target: { selector, portIn } }: { namespace: string; target: Pick<Target, 'selector' | 'portIn'> },
  signal: AbortSignal,
): Promise<number | undefined> {
  return portIn([]) ?? portIn(await listSelected(client, { namespace, selector }, signal));
}

/** The target's pods that do not end, whatever ports they have. */
export async function findTargetPods(
  client: KubernetesClient,
  search: Search,
  signal: AbortSignal,
): Promise<readonly Pod[]> {
  const { namespace, target } = search;
  const pods = await listSelected(client, { namespace, selector: await findSelector(client, search, signal) }, signal);
  return pods.filter((pod) => !isTerminating(pod) && (target.kind === 'Service' || isPodOf(pod, target)));
}

/** The target's pods, whatever ports they have, as a wait for them wants to know them. */
export async function findPodsOf(
  client: KubernetesClient,
  search: Search,
  signal: AbortSignal,
): Promise<Pick<Target, 'selector' | 'hasPod'>> {
  const { target } = search;
  const selector = await findSelector(client, search, signal);
  return { selector, hasPod: (pod) => target.kind === 'Service' || isPodOf(pod, target) };
}

async function findSelector(client: KubernetesClient, search: Search, signal: AbortSignal): Promise<string> {
  const found = await readTarget(client, search, signal);
  if ('workload' in found) return buildSelector(found.workload.spec.selector);
  const { selector = {} } = found.service.spec;
  if (Object.keys(selector).length === 0) throw withoutSelector(search);
  return buildSelector({ matchLabels: selector });
}

/** Throws TARGET_NOT_FOUND or NAMESPACE_NOT_FOUND. */
export async function readTarget(
  client: KubernetesClient,
  search: Search,
  signal: AbortSignal,
): Promise<{ service: Service } | { workload: Workload }> {
  const { namespace, target } = search;
  const ref = { name: target.name, namespace };
  if (target.kind === 'Service') {
    const service = await ifFound(client.get<Service>(SERVICES, ref, { signal }));
    if (service !== undefined) return { service };
    await assertNamespaceExists(client, { namespace, signal });
    throw await serviceNotFound(client, search, signal);
  }
  const resource = WORKLOADS[target.kind];
  const workload = await ifFound(client.get<Workload>(resource, ref, { signal }));
  if (workload !== undefined) return { workload };
  await assertNamespaceExists(client, { namespace, signal });
  throw targetNotFound(search, `kubectl -n ${namespace} get ${resource.plural}`);
}

function findService(search: Search, service: Service): Target {
  const { namespace, target } = search;
  const selector = service.spec.selector ?? {};
  if (Object.keys(selector).length === 0) throw withoutSelector(search);
  const ports = (service.spec.ports ?? []).filter(isTcp).map(({ port, name, targetPort = port }) => ({
    port,
    name,
    targetPort,
    words: wordsOfPort(name, port, targetPort),
  }));
  const chosen = choosePort(search, ports);
  const { targetPort } = chosen;
  return {
    ...target,
    selector: buildSelector({ matchLabels: selector }),
    hasPod: (pod) => typeof targetPort === 'number' || portOfPod(pod, targetPort) !== undefined,
    portIn: (pods) => (typeof targetPort === 'number' ? targetPort : portOfPods(pods, targetPort)),
    port: String(chosen.port),
    host: `${target.name}.${namespace}:${chosen.port}`,
    endpoints: addressesOfService(service).map((host) => ({ host, port: chosen.port })),
  };
}

function findWorkload(search: Search, workload: Workload): Target {
  const { target } = search;
  const ports = workload.spec.template.spec.containers
    .flatMap(({ ports }) => ports ?? [])
    .filter(isTcp)
    .map(({ name, containerPort: port }) => ({ port, name, words: wordsOfPort(name, port) }));
  const chosen = choosePort(search, ports);
  return {
    ...target,
    selector: buildSelector(workload.spec.selector),
    // Another workload's labels may fit, too: a canary's often do.
    hasPod: (pod) => isPodOf(pod, target),
    port: String(chosen.port),
    portIn: () => chosen.port,
    host: undefined,
    endpoints: [],
  };
}

function isPodOf({ metadata }: Pod, { kind, name }: TargetName): boolean {
  const workload = workloadOfPod(metadata);
  return workload?.kind === kind && workload.name === name;
}

type KnownPort = { readonly port: number; readonly name: string | undefined; readonly words: readonly string[] };

/** The only port, or the one that REMOTE names. */
function choosePort<P extends KnownPort>({ target, remotePort }: Search, ports: readonly P[]): P {
  const what = `${target.kind} ${target.name}`;
  const list = ports.map(({ port, name }) => (name === undefined ? port : `${port} (${name})`)).join(', ');
  if (remotePort !== undefined) {
    const found = findByWord(ports, remotePort);
    if (found !== undefined) return found;
    throw new TpError('PORT_NOT_FOUND', `${what} has no TCP port ${remotePort}. It has: ${list || 'none'}.`, {
      hint: 'Choose one of them: -p LOCAL:REMOTE',
    });
  }
  const [only, second] = ports;
  if (only === undefined)
    throw new TpError('PORT_NOT_FOUND', `${what} has no TCP port.`, { hint: 'Only TCP ports can be intercepted.' });
  if (second === undefined) return only;
  throw new TpError('PORT_AMBIGUOUS', `${what} has several ports: ${list}.`, {
    hint: `Choose one: -p LOCAL:REMOTE, for example -p 8080:${only.name ?? only.port}`,
  });
}

/** Only pods tell what the name of a port means. */
function portOfPods(pods: readonly Pod[], name: string): number | undefined {
  const numbers = pods.filter((pod) => !isTerminating(pod)).map((pod) => portOfPod(pod, name));
  return numbers.find((port) => port !== undefined);
}

/** In a pod with an agent the name belongs to the agent; its description tells the application's number. */
function portOfPod(pod: Pod, name: string): number | undefined {
  const captured = describeAgent(pod)?.ports.find((port) => port.name === name)?.appPort;
  if (captured !== undefined) return captured;
  const ports = pod.spec.containers.flatMap(({ ports }: Container) => ports ?? []);
  return ports.find((port) => port.name === name)?.containerPort;
}

/** Also tells whether a workload of that name exists: people often mean it. */
async function serviceNotFound(client: KubernetesClient, search: Search, signal: AbortSignal): Promise<TpError> {
  const { namespace, target, command = 'intercept' } = search;
  for (const [kind, resource] of Object.entries(WORKLOADS)) {
    const workload = await client.get(resource, { name: target.name, namespace }, { signal }).catch(() => undefined);
    if (workload === undefined) continue;
    const word = `${kind.toLowerCase()}/${target.name}`;
    return new TpError('TARGET_NOT_FOUND', `Namespace ${namespace} has no Service ${target.name}, but a ${kind}.`, {
      hint: `To mean it: kubectl tp ${command} ${word} -n ${namespace}`,
    });
  }
  return targetNotFound(search, `kubectl -n ${namespace} get services`);
}

function targetNotFound({ namespace, target }: Search, look: string): TpError {
  return new TpError('TARGET_NOT_FOUND', `Namespace ${namespace} has no ${target.kind} ${target.name}.`, {
    hint: `See what there is: ${look} (another namespace: -n NAMESPACE)`,
  });
}

function withoutSelector({ namespace, target, command = 'intercept' }: Search): TpError {
  return new TpError(
    'INTERCEPT_REFUSED',
    `Service ${target.name} in ${namespace} selects no pods (it has no selector).`,
    {
      hint: `Name the workload behind it: kubectl tp ${command} deployment/NAME`,
    },
  );
}
