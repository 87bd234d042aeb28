// Which workload a pod belongs to, told from the pod alone: its own ReplicaSet may be too young for any cache.

import type { Pod } from './pod.ts';

const TEMPLATE_HASH_LABEL = 'pod-template-hash';

export function findWorkload(pod: Pod): { kind: string; name: string } | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const hash = pod.metadata.labels?.[TEMPLATE_HASH_LABEL];
  // A Deployment names its ReplicaSets after itself and the hash of the pod template.
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  }
  return { kind: owner.kind, name: owner.name };
}
