// Replaces the pods of a workload by its own strategy: one annotation of its pod template changes.

import {
  DAEMON_SETS,
  DEPLOYMENTS,
  type Resource,
  ROLLOUT_ANNOTATION,
  STATEFUL_SETS,
  UNUSED_SINCE_ANNOTATION,
} from '../api/index.ts';
import type { KubernetesClient, RequestOptions } from './types.ts';

const RESOURCES = { Deployment: DEPLOYMENTS, StatefulSet: STATEFUL_SETS, DaemonSet: DAEMON_SETS } as const;

export type Workload = { readonly kind: keyof typeof RESOURCES; readonly namespace: string; readonly name: string };

export function resourceOf({ kind }: Pick<Workload, 'kind'>): Resource {
  return RESOURCES[kind];
}

export async function rollWorkload(
  client: KubernetesClient,
  { workload, annotation }: { workload: Workload; annotation: string },
  options: RequestOptions,
): Promise<void> {
  const patch = { spec: { template: { metadata: { annotations: { [ROLLOUT_ANNOTATION]: annotation } } } } };
  await client.patch(resourceOf(workload), workload, patch, options);
}

/** Undefined takes the mark away. */
export async function markUnused(
  client: KubernetesClient,
  { workload, since }: { workload: Workload; since: string | undefined },
  options: RequestOptions,
): Promise<void> {
  const patch = { metadata: { annotations: { [UNUSED_SINCE_ANNOTATION]: since ?? null } } };
  await client.patch(resourceOf(workload), workload, patch, options);
}
