// Deployments, StatefulSets and DaemonSets as the API server has them -> WorkloadModel.

import { INJECT, ROLLOUT_ANNOTATION, UNUSED_SINCE_ANNOTATION } from '../api/index.ts';
import { isRolledOut, type RollingWorkload } from '../kubernetes/rolled-out.ts';
import type { WorkloadKind, WorkloadModel } from './cluster-state.ts';
import { parseContainerPorts, type RawPodSpec } from './parse-container.ts';
import type { RawCondition } from './parse-pod.ts';

export type RawWorkload = RollingWorkload & {
  spec?: {
    paused?: boolean;
    selector?: { matchLabels?: Record<string, string> };
    updateStrategy?: { type?: string };
    template?: {
      metadata?: { annotations?: Record<string, string> };
      spec?: RawPodSpec;
    };
  };
  status?: {
    conditions?: RawCondition[];
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
    paused: spec?.paused === true || spec?.updateStrategy?.type === 'OnDelete',
    rollout: annotations[ROLLOUT_ANNOTATION],
    inject: parseInject(annotations[INJECT]),
    hostNetwork: spec?.template?.spec?.hostNetwork === true,
    unusedSince: metadata.annotations?.[UNUSED_SINCE_ANNOTATION],
    rolledOut: isRolledOut(workload),
    trouble: parseTrouble(status?.conditions),
    ports: parseContainerPorts(spec?.template?.spec),
  };
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
