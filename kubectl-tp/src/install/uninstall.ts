// Takes the cluster part away: intercepts, agents, every object of the install, what the control plane made beside
// them, and the namespace if it is ours.

import {
  AUTHORITY_SECRET,
  GROUP,
  INTERCEPTS,
  LEASES,
  MUTATING_WEBHOOKS,
  NAMESPACES,
  PODS,
  type Resource,
  SECRETS,
  SESSIONS,
  WEBHOOK_CONFIGURATION,
  WEBHOOK_SECRET,
} from '@kubectl-tp/control-plane/api';
import type { KubernetesClient, KubernetesObject, ListOptions } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { followObjects } from '../kubernetes/follow.ts';
import { ifFound } from '../kubernetes/translate-error.ts';
import { createBell } from '../waiting/bell.ts';
import { waitUntil } from '../waiting/wait-until.ts';
import { describeOwner, listAgentPods, removeAgents, uniqueOwners } from './agents.ts';
import { HELM_RELEASE } from './helm.ts';
import { DEFAULT_IMAGES, readManifests, resourceOf } from './manifests.ts';
import { isOurs, OUR_LABEL } from './ownership.ts';

export type UninstallOptions = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

export type Uninstalled = {
  /** Whether there was anything. */
  readonly found: boolean;
  /** The pods' owners whose agents stay until somebody replaces the pods. */
  readonly left: readonly string[];
};

export async function uninstall(options: UninstallOptions): Promise<Uninstalled> {
  const { client, signal, progress } = options;
  progress('Ending all intercepts and sessions');
  await deleteAll(client, INTERCEPTS, signal);
  await deleteAll(client, SESSIONS, signal);
  // First of all no new pod gets an agent, whatever its namespace asks for.
  await client.delete(MUTATING_WEBHOOKS, { name: WEBHOOK_CONFIGURATION }, { signal });
  const owners = uniqueOwners(await listAgentPods(client, undefined, signal));
  const left = await removeAgents(owners, options);
  const found = await deleteObjects(options);
  return { found: found || owners.length > 0, left: left.map(describeOwner) };
}

/** Where the kind itself is not there, nothing of it is. */
async function deleteAll(client: KubernetesClient, resource: Resource, signal: AbortSignal): Promise<void> {
  const objects = (await ifFound(client.list(resource, { signal }))) ?? [];
  await Promise.all(objects.map(({ metadata }) => client.delete(resource, metadata, { signal })));
}

/** Whether there were any. */
async function deleteObjects(options: UninstallOptions): Promise<boolean> {
  const { client, namespace, signal, progress } = options;
  const manifests = await readManifests({ namespace, ...DEFAULT_IMAGES, pullPolicy: 'IfNotPresent' });
  let deleted = 0;
  for (const manifest of manifests.toReversed()) {
    if (manifest.kind === 'Namespace') continue;
    const resource = resourceOf(manifest);
    const { metadata } = manifest;
    if ((await ifFound(client.get(resource, metadata, { signal }))) !== undefined) {
      progress(`Deleting ${manifest.kind} ${metadata.name}`);
      await client.delete(resource, metadata, { signal });
      deleted += 1;
    }
    // What other values of the chart, or another version of it, have made.
    deleted += await deleteLabelled(options, resource);
  }
  const found = await ifFound(client.get(NAMESPACES, { name: namespace }, { signal }));
  if (found === undefined) return deleted > 0;
  const pods = {
    resource: PODS,
    where: { namespace, labelSelector: OUR_LABEL },
    step: 'Waiting until its pods are gone',
  };
  await waitUntilGone(pods, options);
  if (!isOurs(found)) {
    await deleteLeftovers(options);
    return deleted > 0;
  }
  await client.delete(NAMESPACES, { name: namespace }, { signal });
  const fieldSelector = `metadata.name=${namespace}`;
  await waitUntilGone(
    { resource: NAMESPACES, where: { fieldSelector }, step: `Waiting until namespace ${namespace} is gone` },
    options,
  );
  return true;
}

async function deleteLabelled({ client, namespace, signal }: UninstallOptions, resource: Resource): Promise<number> {
  const where = resource.namespaced ? { namespace } : {};
  const objects = (await ifFound(client.list(resource, { ...where, labelSelector: OUR_LABEL, signal }))) ?? [];
  await Promise.all(objects.map(({ metadata }) => client.delete(resource, metadata, { signal })));
  return objects.length;
}

/** What helm and the processes made by themselves, in a namespace that stays. */
async function deleteLeftovers({ client, namespace, signal }: UninstallOptions): Promise<void> {
  const releases = await client.list(SECRETS, { namespace, labelSelector: `owner=helm,name=${HELM_RELEASE}`, signal });
  const secrets = [AUTHORITY_SECRET, WEBHOOK_SECRET, ...releases.map(({ metadata }) => metadata.name)];
  for (const name of secrets) await client.delete(SECRETS, { name, namespace }, { signal });
  const leases = await client.list(LEASES, { namespace, signal });
  const ours = leases.filter((lease) => isOurs(lease) || lease.metadata.name.startsWith('tp-') || hasGroupLabel(lease));
  await Promise.all(ours.map(({ metadata }) => client.delete(LEASES, { name: metadata.name, namespace }, { signal })));
}

function hasGroupLabel({ metadata }: KubernetesObject): boolean {
  return Object.keys(metadata.labels ?? {}).some((label) => label.startsWith(`${GROUP}/`));
}

type Remaining = { readonly resource: Resource; readonly where: ListOptions; readonly step: string };

async function waitUntilGone(
  { resource, where, step }: Remaining,
  { client, namespace, timeoutMs, signal, progress }: UninstallOptions,
): Promise<void> {
  const watches = new AbortController();
  const bell = createBell();
  const objects = followObjects(client, resource, {
    ...where,
    signal: AbortSignal.any([signal, watches.signal]),
    onChange: bell.ring,
  });
  const look = () => (objects()?.length === 0 ? undefined : { step });
  const hint = `See what is left: kubectl -n ${namespace} get all; kubectl get namespace ${namespace} -o yaml`;
  const timedOut = (said: string) => new TpError('WAIT_TIMEOUT', `${said}: this takes too long.`, { hint });
  try {
    await waitUntil({ look, bell, timeoutMs, timedOut, signal, progress });
  } finally {
    watches.abort();
  }
}
