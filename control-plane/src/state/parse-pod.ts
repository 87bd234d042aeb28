// Pods as the API server has them -> PodModel: only what the translator reads, since there may be many thousands.

import { ROLLOUT_ANNOTATION } from '../api/index.ts';
import { parseAgentDescription } from '../api/parse-agent-description.ts';
import type { KubernetesObject } from '../kubernetes/types.ts';
import type { PodModel } from './cluster-state.ts';
import { parseContainerPorts, type RawPodSpec } from './parse-container.ts';
import { parsePodTrouble, type RawContainerStatus } from './parse-pod-trouble.ts';
import { parsePodWorkload } from './parse-pod-workload.ts';

export type RawCondition = { type: string; status: string; reason?: string; message?: string };

/** The first of a list is also in the field without `s`. */
type RawAddress = { ip?: string };

export type RawPod = KubernetesObject & {
  metadata: { deletionGracePeriodSeconds?: number };
  spec?: RawPodSpec;
  status?: {
    podIP?: string;
    podIPs?: RawAddress[];
    hostIP?: string;
    hostIPs?: RawAddress[];
    conditions?: RawCondition[];
    containerStatuses?: RawContainerStatus[];
    initContainerStatuses?: RawContainerStatus[];
  };
};

export function parsePod({ metadata, spec, status }: RawPod): PodModel {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    ip: status?.podIP,
    otherIps: parseAddresses(status?.podIPs).filter((ip) => ip !== status?.podIP),
    hostNetwork: spec?.hostNetwork ?? false,
    hostIps: parseAddresses(status?.hostIPs ?? [{ ip: status?.hostIP ?? '' }]),
    labels: metadata.labels ?? {},
    ready: isConditionTrue(status?.conditions, 'Ready'),
    terminating: metadata.deletionTimestamp !== undefined,
    terminatingSinceMs: parseTerminatingSince(metadata),
    workload: parsePodWorkload(metadata),
    ports: parseContainerPorts(spec),
    agent: parseAgentDescription(metadata.annotations),
    rollout: metadata.annotations?.[ROLLOUT_ANNOTATION],
    trouble: parsePodTrouble(status),
  };
}

function parseAddresses(addresses: RawAddress[] = []): readonly string[] {
  const found = addresses.flatMap(({ ip }) => ip || []);
  return found.length === 0 ? NONE : found;
}

/** Shared by the many pods of clusters with one family. */
const NONE: readonly string[] = [];

function isConditionTrue(conditions: RawCondition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/** The API's `deletionTimestamp` is when the grace period ends. */
function parseTerminatingSince({
  deletionTimestamp,
  deletionGracePeriodSeconds = 0,
}: RawPod['metadata']): number | undefined {
  return deletionTimestamp === undefined
    ? undefined
    : Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}
