// Deployments, StatefulSets and DaemonSets as the API server has them -> WorkloadModel.

import { INJECT, ROLLOUT_ANNOTATION, UNUSED_SINCE_ANNOTATION } from '../api/index.ts';
import type { KubernetesObject } from '../kubernetes/types.ts';
import type { WorkloadKind, WorkloadModel } from './cluster-state.ts';
import { parseContainerPorts, type RawPodSpec } from './parse-container.ts';
import type { RawCondition } from './parse-pod.ts';

export type RawWorkload = KubernetesObject & {
  spec?: {
    replicas?: number;
    paused?: boolean;
    selector?: { matchLabels?: Record<string, string> };
    updateStrategy?: { type?: string };
    template?: {
      metadata?: { annotations?: Record<string, string> };
      spec?: RawPodSpec;
    };
  };
  status?: {
    observedGeneration?: number;
    conditions?: RawCondition[];
    // Deployment and StatefulSet
    replicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    // DaemonSet
    desiredNumberScheduled?: number;
    updatedNumberScheduled?: number;
    numberAvailable?: number;
  };
};

export function parseWorkload(kind: WorkloadKind, workload: RawWorkload): WorkloadModel {
  const { metadata, spec, status } = workload;
  const annotations = spec?.template?.metadata?.annotations ?? {};
  return {
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    selector: spec?.selector?.matchLabels ?? {},
    replicas: wantedReplicas(kind, workload),
    paused: spec?.paused === true || spec?.updateStrategy?.type === 'OnDelete',
    rollout: annotations[ROLLOUT_ANNOTATION],
    inject: parseInject(annotations[INJECT]),
    hostNetwork: spec?.template?.spec?.hostNetwork === true,
    unusedSince: metadata.annotations?.[UNUSED_SINCE_ANNOTATION],
    rolledOut: isRolledOut(kind, workload),
    trouble: parseTrouble(status?.conditions),
    ports: parseContainerPorts(spec?.template?.spec),
  };
}

function wantedReplicas(kind: WorkloadKind, { spec, status }: RawWorkload): number {
  return kind === 'DaemonSet' ? (status?.desiredNumberScheduled ?? 0) : (spec?.replicas ?? 1);
}

/** The same questions as `kubectl rollout status` asks. */
function isRolledOut(kind: WorkloadKind, workload: RawWorkload): boolean {
  const { metadata, status = {} } = workload;
  const wanted = wantedReplicas(kind, workload);
  const isObserved = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (kind === 'DaemonSet') {
    return isObserved && (status.updatedNumberScheduled ?? 0) >= wanted && (status.numberAvailable ?? 0) >= wanted;
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  return isObserved && updatedReplicas >= wanted && replicas <= updatedReplicas && availableReplicas >= updatedReplicas;
}

export function parseInject(value: string | undefined): WorkloadModel['inject'] {
  return value === 'enabled' || value === 'disabled' ? value : undefined;
}

/** Quota or pod security refused a pod, or the rollout's deadline has passed. */
function parseTrouble(conditions: RawCondition[] = []): string | undefined {
  const refusal = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  const stalled = conditions.find(({ type, status }) => type === 'Progressing' && status === 'False');
  // A paused Deployment says so in the same condition; that isn't trouble.
  return refusal?.message ?? (stalled?.reason === 'ProgressDeadlineExceeded' ? stalled.message : undefined);
}
