// May this session go to this address? By what its owner may see in the cluster. Rights and state come as arguments.

import { canonicalAddress } from '../addresses/index.ts';
import type { Session } from '../api/index.ts';
import type { Person } from '../kubernetes/access-review.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { type AddressIndex, buildAddressIndex } from './address-index.ts';
import { isNeverDialed } from './never-dialed.ts';
import type { ReachAnswer, ReachQuestion } from './question.ts';

export type JudgeOptions = {
  readonly read: () => Pick<ClusterState, 'pods' | 'services' | 'sessions'>;
  readonly installNamespace: string;
  /** Throws when it can't be found out. */
  readonly mayGetServices: (owner: Person, namespace: string) => Promise<boolean>;
};

export type Judge = (question: ReachQuestion) => Promise<ReachAnswer>;

export function createJudge({ read, installNamespace, mayGetServices }: JudgeOptions): Judge {
  const indexOf = createIndexKeeper(installNamespace);

  return async ({ session, address: text }) => {
    const address = canonicalAddress(text);
    if (address === undefined) return { allowed: false, reason: 'malformed' };
    const state = read();
    const owner = findOwner(state.sessions.get(session));
    if (owner === undefined) return { allowed: false, reason: 'no-session' };
    const use = isNeverDialed(address) ? 'closed' : indexOf(state).get(address);
    if (use === undefined) return { allowed: false, reason: 'unknown' };
    if (use === 'closed') return { allowed: false, reason: 'closed' };
    if (use === 'everybody') return { allowed: true };
    // Who may see one of two namespaces must not get to the pods of the other.
    const rights = await Promise.all(use.map((namespace) => mayGetServices(owner, namespace)));
    return rights.every(Boolean) ? { allowed: true } : { allowed: false, reason: 'forbidden' };
  };
}

/** Built anew only when somebody asks after pods or Services have changed. */
function createIndexKeeper(installNamespace: string) {
  let built: { readonly from: Pick<ClusterState, 'pods' | 'services'>; readonly index: AddressIndex } | undefined;
  return ({ pods, services }: Pick<ClusterState, 'pods' | 'services'>): AddressIndex => {
    if (built?.from.pods !== pods || built.from.services !== services) {
      const from = { pods, services };
      built = { from, index: buildAddressIndex(from, installNamespace) };
    }
    return built.index;
  };
}

/**
 * The owner as the API server knew him when the Session was made. One that an older webhook admitted has no groups: the
 * name alone counts.
 */
function findOwner(session: Session | undefined): Person | undefined {
  const { owner, ownerGroups = [] } = session?.spec ?? {};
  return owner ? { user: owner, groups: ownerGroups } : undefined;
}
