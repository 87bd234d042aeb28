// Who answers for a name: the cluster, the laptop's resolver, or this resolver itself. Pure.

import { LOCALHOST } from '../../localhost.ts';
import { searchPath } from '../cluster-names.ts';
import { addressOfReverseName, hasSuffix, nameOf } from './names.ts';

export type NameRoute =
  | { readonly to: 'cluster' }
  | { readonly to: 'laptop' }
  /** Nobody needs to be asked: a name of this form cannot exist. */
  | { readonly to: 'nobody' }
  /** A name of the laptop's own. */
  | { readonly to: 'self'; readonly addresses: readonly string[] }
  /** May be short for one of these names of the cluster; if it is not, it is the laptop's. */
  | { readonly to: 'search'; readonly candidates: readonly string[] };

export type NameSpace = {
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** Whose Services have names of one label. */
  readonly namespace: string;
  readonly isClusterAddress: (address: string) => boolean;
  /** Addresses by name, in small letters. */
  readonly ownNames: ReadonlyMap<string, readonly string[]>;
  /** Names of the outside that the cluster's resolver is asked for, with all names below them; in small letters. */
  readonly alsoNames?: readonly string[];
};

/** What Kubernetes lets a name consist of, and the underscore of SRV names. Others need no search. */
const COMMON_LABEL = /^[a-z0-9_-]+$/;
const MAX_NAME_CHARACTERS = 255;

export function createNameRouter({
  clusterDomain,
  namespace,
  isClusterAddress,
  ownNames,
  alsoNames = [],
}: NameSpace): (labels: readonly string[]) => NameRoute {
  const lowerDomain = clusterDomain.toLowerCase();
  const domain = lowerDomain.split('.');
  const alsoDomains = alsoNames.map((name) => name.split('.'));
  const suffixes = searchPath(namespace, lowerDomain).map((suffix) => suffix.split('.'));

  /** All names below `localhost` are this machine (RFC 6761, 6.3). */
  function ownAddresses(labels: readonly string[]): readonly string[] | undefined {
    return labels.at(-1) === 'localhost' ? LOCALHOST : ownNames.get(labels.join('.'));
  }

  return (labels) => {
    const isCommon = labels.every((label) => COMMON_LABEL.test(label));
    const addresses = isCommon ? ownAddresses(labels) : undefined;
    if (addresses !== undefined) return { to: 'self', addresses };
    if (hasSuffix(labels, domain)) {
      return { to: isImpossible(labels.slice(0, -domain.length)) ? 'nobody' : 'cluster' };
    }
    if (alsoDomains.some((also) => hasSuffix(labels, also))) return { to: 'cluster' };
    const address = addressOfReverseName(labels);
    if (address !== undefined) return { to: isClusterAddress(address) ? 'cluster' : 'laptop' };
    if (!isCommon) return { to: 'laptop' };
    const candidates = suffixes
      .map((suffix) => [...labels, ...suffix])
      .filter((candidate) => isServiceOrPod(candidate.slice(0, -domain.length)))
      .map(nameOf)
      .filter((name) => name.length <= MAX_NAME_CHARACTERS);
    return candidates.length === 0 ? { to: 'laptop' } : { to: 'search', candidates };
  };
}

/**
 * Names below `svc` and the cluster's domain end with a Service and its namespace; before them stands at most a pod, or a
 * port and its protocol (Kubernetes DNS-based service discovery, 2.3 and 2.4). Longer ones are names of the outside with
 * the search path behind them: programs ask for them before each name that they mean.
 */
function isImpossible(labels: readonly string[]): boolean {
  return labels.at(-1) === 'svc' && labels.length > 4 && !isPortOfService(labels);
}

function isServiceOrPod(labels: readonly string[]): boolean {
  if (labels.at(-1) === 'pod') return labels.length === 3;
  if (labels.at(-1) !== 'svc') return false;
  return labels.length === 3 || labels.length === 4 || isPortOfService(labels);
}

/** `_http._tcp.web.shop.svc` */
function isPortOfService(labels: readonly string[]): boolean {
  return labels.length === 5 && labels.slice(0, 2).every((label) => label.startsWith('_'));
}
