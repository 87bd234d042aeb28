// Takes the cluster part away: intercepts, agents, every object of the install, what the control plane made beside
// them, and the namespace if it is ours.

import {
  AUTHORITY_SECRET,
  INTERCEPTS,
  type Intercept,
  LEASES,
  MUTATING_WEBHOOKS,
  NAMESPACES,
  type Resource,
  SECRETS,
  SESSIONS,
  WEBHOOK_CONFIGURATION,
  WEBHOOK_SECRET,
} from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient, type KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { followObjects } from '../kubernetes/follow.ts';
import { apiErrorOf } from '../kubernetes/translate-error.ts';
import { createBell } from '../waiting/bell.ts';
import { waitUntil } from '../waiting/wait-until.ts';
import { describeOwner, listAgentPods, removeAgents, uniqueOwners } from './agents.ts';
import { DEFAULT_IMAGES, readManifests, resourceOf } from './manifests.ts';
import { isOurs } from './ownership.ts';

export type UninstallOptions = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

/** Gives the pods' owners whose agents stay until somebody replaces the pods. */
export async function uninstall(options: UninstallOptions): Promise<{ left: string[] }> {
  const { client, signal, progress } = options;
  progress('Ending all intercepts and sessions');
  await deleteAll(client, INTERCEPTS, signal);
  await deleteAll(client, SESSIONS, signal);
  // First of all no new pod gets an agent, whatever its namespace asks for.
  await client.delete(MUTATING_WEBHOOKS, { name: WEBHOOK_CONFIGURATION }, { signal });
  const owners = uniqueOwners(await listAgentPods(client, undefined, signal));
  const left = await removeAgents(owners, options);
  await deleteObjects(options);
  return { left: left.map(describeOwner) };
}

/** Where the kind itself is not there, nothing of it is. */
async function deleteAll(client: KubernetesClient, resource: Resource, signal: AbortSignal): Promise<void> {
  const objects = await absentAsEmpty(client.list<Intercept>(resource, { signal }));
  await Promise.all(objects.map(({ metadata }) => client.delete(resource, metadata, { signal })));
}

async function deleteObjects({ client, namespace, timeoutMs, signal, progress }: UninstallOptions): Promise<void> {
  const manifests = await readManifests({ namespace, ...DEFAULT_IMAGES, pullPolicy: 'IfNotPresent' });
  for (const manifest of manifests.toReversed()) {
    if (manifest.kind === 'Namespace') continue;
    progress(`Deleting ${manifest.kind} ${manifest.metadata.name}`);
    await client.delete(resourceOf(manifest), manifest.metadata, { signal });
  }
  const found = await client.get(NAMESPACES, { name: namespace }, { signal }).catch((error) => {
    if (isNotFound(apiErrorOf(error))) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!isOurs(found)) return deleteLeftovers(client, namespace, signal);
  await client.delete(NAMESPACES, { name: namespace }, { signal });
  await waitUntilNamespaceGone({ client, namespace, timeoutMs, signal, progress });
}

/** What the processes made by themselves in a namespace that stays. */
async function deleteLeftovers(client: KubernetesClient, namespace: string, signal: AbortSignal): Promise<void> {
  for (const name of [AUTHORITY_SECRET, WEBHOOK_SECRET]) await client.delete(SECRETS, { name, namespace }, { signal });
  const leases = await client.list(LEASES, { namespace, signal });
  const ours = leases.filter((lease) => isOurs(lease) || lease.metadata.name.startsWith('tp-') || hasGroupLabel(lease));
  await Promise.all(ours.map(({ metadata }) => client.delete(LEASES, { name: metadata.name, namespace }, { signal })));
}

function hasGroupLabel({ metadata }: KubernetesObject): boolean {
  return Object.keys(metadata.labels ?? {}).some((label) => label.startsWith('kubectl-tp.dev/'));
}

async function waitUntilNamespaceGone({
  client,
  namespace,
  timeoutMs,
  signal,
  progress,
}: UninstallOptions): Promise<void> {
  const watches = new AbortController();
  const bell = createBell();
  const fieldSelector = `metadata.name=${namespace}`;
  const namespaces = followObjects(client, NAMESPACES, {
    fieldSelector,
    signal: AbortSignal.any([signal, watches.signal]),
    onChange: bell.ring,
  });
  const look = () =>
    namespaces()?.length === 0 ? undefined : { step: `Waiting until namespace ${namespace} is gone` };
  const timedOut = (said: string) =>
    new TpError('WAIT_TIMEOUT', `${said}: this takes too long.`, {
      hint: `See why: kubectl get namespace ${namespace} -o yaml`,
    });
  try {
    await waitUntil({ look, bell, timeoutMs, timedOut, signal, progress });
  } finally {
    watches.abort();
  }
}

async function absentAsEmpty<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(apiErrorOf(error))) return [];
    throw error;
  }
}
