// The cluster's network as one namespace sees it: names, addresses, and the way to each. What brings programs there (a
// namespace of their own, a proxy, the laptop's own interface) is for others to know.

import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { type AddressTranslation, createAddressTranslation } from '../../network/address-translation.ts';
import { type ClusterAddresses, createClusterAddresses } from '../../network/cluster-addresses.ts';
import { CLUSTER_DOMAIN, LAPTOP_NAME } from '../../network/cluster-names.ts';
import { createResolver, type DnsUpstream, type Resolver } from '../../network/dns/resolver.ts';
import { createTranslatingUpstream } from '../../network/dns/translating-upstream.ts';
import { findRanges, followNamespaceAddresses } from '../../network/find-ranges.ts';
import { createLearningUpstream } from '../../network/learning-upstream.ts';
import { createRouteDialer } from '../../network/route-dialer.ts';
import type { Dialer } from '../../outbound/dialer.ts';
import { createHostDialer } from '../../outbound/host-dialer.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { createOwnServiceDialer, type OwnServices } from './own-services.ts';

export type JoinedNetwork = {
  readonly namespace: string;
  readonly dialer: Dialer;
  /** The way into the cluster alone. */
  readonly cluster: Dialer;
  readonly resolver: Resolver;
  readonly addresses: ClusterAddresses;
  /** Where the cluster's addresses are the laptop's own, too. */
  readonly translation: AddressTranslation;
};

export type JoinOptions = {
  readonly client: KubernetesClient;
  /** Asks the cluster's names. */
  readonly ask: Outbound['ask'];
  /** The way to the cluster's addresses. */
  readonly cluster: Dialer;
  readonly namespace: string;
  readonly ownServices: OwnServices;
  /** Addresses by which programs call the laptop. */
  readonly laptop: readonly string[];
  /** Names of the outside that belong to the cluster here. */
  readonly alsoNames: readonly string[];
  /** What the laptop itself would ask. */
  readonly laptopUpstream: DnsUpstream;
  /** For the joining alone. */
  readonly signal: AbortSignal;
  /** Follows the namespace's addresses until then. */
  readonly lifetime: AbortSignal;
};

export async function joinNetwork(options: JoinOptions): Promise<JoinedNetwork> {
  const { client, ask, cluster, namespace, ownServices, laptop, alsoNames, laptopUpstream, signal, lifetime } = options;
  const addresses = createClusterAddresses();
  followNamespaceAddresses(client, { namespace, addresses, signal: lifetime });
  addresses.setRanges(await findRanges(client, signal));
  const translation = createAddressTranslation(addresses.has);
  const learning = { clusterDomain: CLUSTER_DOMAIN, alsoNames, learn: addresses.learn };
  const resolver = createResolver({
    cluster: createTranslatingUpstream(createLearningUpstream(ask, learning), translation),
    laptop: laptopUpstream,
    clusterDomain: CLUSTER_DOMAIN,
    namespace,
    isClusterAddress: translation.isClusters,
    ownNames: new Map([[LAPTOP_NAME, laptop]]),
    alsoNames,
  });
  const routes = createRouteDialer({ cluster, host: createHostDialer(), isCluster: addresses.has, laptop });
  return {
    namespace,
    dialer: createOwnServiceDialer(routes, ownServices),
    cluster,
    resolver,
    addresses,
    translation,
  };
}
