// What the pod security level of a namespace means for agents.
// https://kubernetes.io/docs/concepts/security/pod-security-admission/

const ENFORCED_LEVEL_LABEL = 'pod-security.kubernetes.io/enforce';

/** Levels above `privileged` refuse pods with NET_ADMIN, which nft rules need. `labels`: those of the namespace. */
export function refusesNetAdmin(labels: Readonly<Record<string, string>>): boolean {
  return (labels[ENFORCED_LEVEL_LABEL] ?? 'privileged') !== 'privileged';
}
