// Which workload a pod belongs to, told from the pod alone: its own ReplicaSet may be too young for any cache. Pure.

type PodMetadata = {
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  readonly labels?: Readonly<Record<string, string>>;
};

/** Label that the Deployment controller puts on its ReplicaSets and their pods. */
const TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** The pod's controller, a Deployment in place of its ReplicaSet; undefined when nobody controls the pod. */
export function workloadOfPod({ ownerReferences, labels }: PodMetadata): { kind: string; name: string } | undefined {
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind !== 'ReplicaSet') return owner && { kind: owner.kind, name: owner.name };
  const deployment = withoutHash(owner.name, labels?.[TEMPLATE_HASH_LABEL]);
  return deployment === undefined ? { kind: owner.kind, name: owner.name } : { kind: 'Deployment', name: deployment };
}

/** A Deployment names its ReplicaSets after itself and the hash of the pod template. */
function withoutHash(replicaSet: string, hash: string | undefined): string | undefined {
  return hash !== undefined && replicaSet.endsWith(`-${hash}`) ? replicaSet.slice(0, -hash.length - 1) : undefined;
}
