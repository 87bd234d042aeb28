// Which workload a pod belongs to, as far as the control plane tells kinds apart.

import { workloadOfPod } from '../api/workload-of-pod.ts';
import type { KubernetesObject } from '../kubernetes/types.ts';
import type { WorkloadRef } from './cluster-state.ts';

const KINDS: Record<string, WorkloadRef['kind']> = {
  Deployment: 'Deployment',
  StatefulSet: 'StatefulSet',
  DaemonSet: 'DaemonSet',
  ReplicaSet: 'ReplicaSet',
  Job: 'Job',
};

/** Undefined: nobody owns the pod. */
export function parsePodWorkload(metadata: KubernetesObject['metadata']): WorkloadRef | undefined {
  const workload = workloadOfPod(metadata);
  return workload && { kind: KINDS[workload.kind] ?? 'Other', name: workload.name };
}
