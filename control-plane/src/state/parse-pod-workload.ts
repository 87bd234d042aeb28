// Who owns a pod, at the top of the chain of owners, read from the pod alone.

import type { KubernetesObject } from '../kubernetes/types.ts';
import type { WorkloadRef } from './cluster-state.ts';

/** Label that the Deployment controller puts on its ReplicaSets and their pods. */
const TEMPLATE_HASH_LABEL = 'pod-template-hash';

const KINDS: Record<string, WorkloadRef['kind']> = {
  StatefulSet: 'StatefulSet',
  DaemonSet: 'DaemonSet',
  ReplicaSet: 'ReplicaSet',
  Job: 'Job',
};

/** Undefined: nobody owns the pod. */
export function parsePodWorkload({ ownerReferences, labels }: KubernetesObject['metadata']): WorkloadRef | undefined {
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const deployment = owner.kind === 'ReplicaSet' ? deploymentOf(owner.name, labels) : undefined;
  if (deployment !== undefined) return { kind: 'Deployment', name: deployment };
  return { kind: KINDS[owner.kind] ?? 'Other', name: owner.name };
}

/** A Deployment's ReplicaSet is called `<deployment>-<pod-template-hash>`. */
function deploymentOf(replicaSet: string, labels: Record<string, string> = {}): string | undefined {
  const suffix = `-${labels[TEMPLATE_HASH_LABEL]}`;
  return replicaSet.endsWith(suffix) ? replicaSet.slice(0, -suffix.length) : undefined;
}
