// Takes agents out of workloads: their pods are replaced by the workload's own strategy, and the new ones have none.

import {
  AGENT_LABEL,
  DAEMON_SETS,
  DEPLOYMENTS,
  PODS,
  type Resource,
  ROLLOUT_ANNOTATION,
  STATEFUL_SETS,
  UNUSED_SINCE_ANNOTATION,
  workloadOfPod,
} from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { followObjects } from '../kubernetes/follow.ts';
import type { Pod, Workload } from '../kubernetes/objects.ts';
import { apiErrorOf } from '../kubernetes/translate-error.ts';
import { createBell } from '../waiting/bell.ts';
import { waitUntil } from '../waiting/wait-until.ts';

export type Owner = { readonly kind: string; readonly namespace: string; readonly name: string };

type Options = {
  readonly client: KubernetesClient;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

const ROLLABLE: Readonly<Record<string, Resource>> = {
  Deployment: DEPLOYMENTS,
  StatefulSet: STATEFUL_SETS,
  DaemonSet: DAEMON_SETS,
};

/** Pods with an agent; of all namespaces without one. */
export function listAgentPods(
  client: KubernetesClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Pod[]> {
  const where = namespace === undefined ? {} : { namespace };
  return client.list<Pod>(PODS, { ...where, labelSelector: `${AGENT_LABEL}=true`, signal });
}

/** The workload that controls a pod, or the pod itself. */
export function ownerOf({ metadata }: Pod): Owner {
  const { namespace = '', name } = metadata;
  return { namespace, ...(workloadOfPod(metadata) ?? { kind: 'Pod', name }) };
}

export function uniqueOwners(pods: readonly Pod[]): Owner[] {
  return [...new Map(pods.map(ownerOf).map((owner) => [describeOwner(owner), owner])).values()];
}

export function describeOwner({ kind, namespace, name }: Owner): string {
  return `${namespace}/${kind.toLowerCase()}/${name}`;
}

/** Rolls the owners and waits until none of their pods has an agent. Gives those that can't be rolled. */
export async function removeAgents(owners: readonly Owner[], options: Options): Promise<Owner[]> {
  const rollable = owners.filter(({ kind }) => ROLLABLE[kind] !== undefined);
  for (const owner of rollable) {
    options.progress(`Rolling ${describeOwner(owner)} so that its pods lose their agents`);
    await roll(options.client, owner, options.signal).catch(unlessGone);
  }
  if (rollable.length > 0) await waitUntilGone(rollable, options);
  return owners.filter((owner) => !rollable.includes(owner));
}

/** The pods of a workload that was deleted meanwhile go with it. */
function unlessGone(error: unknown): void {
  if (!isNotFound(apiErrorOf(error))) throw error;
}

/** Without the annotation that once brought the agents the template is as its author wrote it. */
async function roll(client: KubernetesClient, { kind, namespace, name }: Owner, signal: AbortSignal): Promise<void> {
  const resource = ROLLABLE[kind] ?? DEPLOYMENTS;
  const { spec } = await client.get<Workload>(resource, { namespace, name }, { signal });
  const wasRolled = spec.template.metadata?.annotations?.[ROLLOUT_ANNOTATION] !== undefined;
  // Agents that came with the pods' own creation: any change of the template replaces them, this one as kubectl does it.
  const restart = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  const annotations = wasRolled ? { [ROLLOUT_ANNOTATION]: null } : restart;
  const metadata = { annotations: { [UNUSED_SINCE_ANNOTATION]: null } };
  await client.patch(
    resource,
    { namespace, name },
    { metadata, spec: { template: { metadata: { annotations } } } },
    { signal },
  );
}

async function waitUntilGone(
  owners: readonly Owner[],
  { client, timeoutMs, signal, progress }: Options,
): Promise<void> {
  const watches = new AbortController();
  const bell = createBell();
  const namespaces = [...new Set(owners.map(({ namespace }) => namespace))];
  const follow = (namespace: string) =>
    followObjects<Pod>(client, PODS, {
      namespace,
      labelSelector: `${AGENT_LABEL}=true`,
      signal: AbortSignal.any([signal, watches.signal]),
      onChange: bell.ring,
    });
  const lists = namespaces.map(follow);
  const wanted = new Set(owners.map(describeOwner));
  const look = () => {
    if (lists.some((list) => list() === undefined)) return { step: 'Looking for pods with agents' };
    const left = lists.flatMap((list) => list() ?? []).filter((pod) => wanted.has(describeOwner(ownerOf(pod))));
    return left.length === 0 ? undefined : { step: `${left.length} pods still have an agent` };
  };
  try {
    await waitUntil({ look, bell, timeoutMs, timedOut: stillThere, signal, progress });
  } finally {
    watches.abort();
  }
}

function stillThere(said: string): TpError {
  return new TpError('WAIT_TIMEOUT', `Agents are still there: ${said}.`, {
    hint: 'See which: kubectl get pods -A -l kubectl-tp.dev/agent=true; then run the command again.',
  });
}
