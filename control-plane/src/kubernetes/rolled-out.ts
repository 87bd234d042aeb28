// Has a workload replaced its pods? The same questions as `kubectl rollout status` asks.

import type { KubernetesObject } from './types.ts';

export type RollingWorkload = KubernetesObject & {
  spec?: {
    replicas?: number;
    updateStrategy?: { rollingUpdate?: { partition?: number } };
  };
  status?: {
    observedGeneration?: number;
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

/** The controller has observed the newest template, and all replicas that may run it do and are available. */
export function isRolledOut(workload: RollingWorkload): boolean {
  const { metadata, spec, status = {} } = workload;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  const { desiredNumberScheduled: nodes, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
  if (nodes !== undefined) return updatedNumberScheduled >= nodes && numberAvailable >= nodes;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec?.replicas ?? 1;
  // A StatefulSet keeps the pods below its partition on the old template.
  const kept = Math.min(spec?.updateStrategy?.rollingUpdate?.partition ?? 0, wanted);
  if (updatedReplicas < wanted - kept || availableReplicas < wanted) return false;
  return kept > 0 || replicas <= updatedReplicas;
}
