// `uninstall --agent NAME` and `--all-agents`: agents go, the cluster part stays.

import { INTERCEPTS, type Intercept, isSelectedBy, type Resource, SERVICES } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { assertNamespaceExists } from '../kubernetes/assert-namespace.ts';
import type { Labels, Pod, Service } from '../kubernetes/objects.ts';
import { WORKLOADS } from '../kubernetes/target.ts';
import { ifFound } from '../kubernetes/translate-error.ts';
import { describeOwner, listAgentPods, type Owner, ownerOf, removeAgents, uniqueOwners } from './agents.ts';

export type RemoveAgentsOptions = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Undefined: of every workload, in all namespaces. */
  readonly name: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

export type RemovedAgents = { readonly removed: string[]; readonly left: string[]; readonly inUse: string[] };

export async function removeAgentsOf(options: RemoveAgentsOptions): Promise<RemovedAgents> {
  const { client, namespace, name, signal } = options;
  const pods = await listAgentPods(client, name === undefined ? undefined : namespace, signal);
  const chosen = name === undefined ? pods : await podsOf(pods, name, options);
  if (name !== undefined && chosen.length === 0) await assertKnown(name, options);
  const { used, unused } = await splitByUse(chosen, options);
  if (name !== undefined && used.length > 0) throw inUse(used);
  const left = await removeAgents(unused, options);
  return {
    removed: unused.filter((owner) => !left.includes(owner)).map(describeOwner),
    left: left.map(describeOwner),
    inUse: used.map(describeOwner),
  };
}

/** By the name of the workload (`orders`, `deployment/orders`), else of a Service in front of it. */
async function podsOf(
  pods: readonly Pod[],
  word: string,
  { client, namespace, signal }: RemoveAgentsOptions,
): Promise<Pod[]> {
  const [name = '', kind] = word.split('/').toReversed();
  const isMeant = (owner: Owner) =>
    owner.name === name && (kind === undefined || owner.kind.toLowerCase() === kind.toLowerCase());
  const byWorkload = pods.filter((pod) => isMeant(ownerOf(pod)));
  if (byWorkload.length > 0 || kind !== undefined) return byWorkload;
  const selector = await selectorOf(client, { name, namespace }, signal);
  return pods.filter(({ metadata }) => isSelectedBy(selector, metadata.labels));
}

/** Whether what has no agents is there at all. */
async function assertKnown(word: string, { client, namespace, signal }: RemoveAgentsOptions): Promise<void> {
  const [name = '', kind] = word.split('/').toReversed();
  const kinds: [string, Resource][] = Object.entries({
    ...WORKLOADS,
    ...(kind === undefined ? { Service: SERVICES } : {}),
  });
  for (const [known, resource] of kinds) {
    if (kind !== undefined && kind.toLowerCase() !== known.toLowerCase()) continue;
    if ((await ifFound(client.get(resource, { name, namespace }, { signal }))) !== undefined) return;
  }
  await assertNamespaceExists(client, { namespace, signal });
  throw new TpError('TARGET_NOT_FOUND', `Namespace ${namespace} has no workload ${word}.`, {
    hint: `See what there is: kubectl -n ${namespace} get deployments,statefulsets,daemonsets (another namespace: -n NAMESPACE)`,
  });
}

/** A rollout would bring the agents back at once where an intercept needs them. */
async function splitByUse(
  pods: readonly Pod[],
  { client, signal }: RemoveAgentsOptions,
): Promise<{ used: Owner[]; unused: Owner[] }> {
  const namespaces = [...new Set(pods.map(({ metadata }) => metadata.namespace ?? ''))];
  const usedPods = await Promise.all(
    namespaces.map(async (namespace) => {
      const intercepts = await client.list<Intercept>(INTERCEPTS, { namespace, signal });
      const inNamespace = pods.filter(({ metadata }) => metadata.namespace === namespace);
      const targets = await Promise.all(
        intercepts.map(({ spec }) => isTargetOf(client, namespace, spec.target, signal)),
      );
      return inNamespace.filter((pod) => targets.some((isTarget) => isTarget(pod)));
    }),
  );
  const used = uniqueOwners(usedPods.flat());
  const usedNames = new Set(used.map(describeOwner));
  return { used, unused: uniqueOwners(pods).filter((owner) => !usedNames.has(describeOwner(owner))) };
}

async function isTargetOf(
  client: KubernetesClient,
  namespace: string,
  { kind, name }: Intercept['spec']['target'],
  signal: AbortSignal,
): Promise<(pod: Pod) => boolean> {
  if (kind !== 'Service') return (pod) => ownerOf(pod).kind === kind && ownerOf(pod).name === name;
  const selector = await selectorOf(client, { name, namespace }, signal);
  return ({ metadata }) => isSelectedBy(selector, metadata.labels);
}

async function selectorOf(
  client: KubernetesClient,
  ref: { name: string; namespace: string },
  signal: AbortSignal,
): Promise<Labels | undefined> {
  return (await ifFound(client.get<Service>(SERVICES, ref, { signal })))?.spec.selector;
}

function inUse(owners: readonly Owner[]): TpError {
  const [owner] = owners;
  return new TpError('CONFLICT', `Intercepts need the agents of ${owners.map(describeOwner).join(', ')}.`, {
    hint: `See whose they are: kubectl tp list -n ${owner?.namespace ?? 'NAMESPACE'}`,
  });
}
