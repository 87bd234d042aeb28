// Whose each address of the cluster is: namespaces of the Services and pods that have it, or nobody's to dial. Pure.

import { canonicalAddress } from '../protocol/ip-address.ts';
import type { ClusterState, PodModel, ServiceModel } from '../state/cluster-state.ts';

/**
 * Namespaces, several when Services or pods share an address (one that has just ended and its successor), or `closed`:
 * a node's, the API server's, or of the install itself, whatever else claims it.
 */
export type AddressUse = readonly string[] | 'closed';
export type AddressIndex = ReadonlyMap<string, AddressUse>;

type Cluster = Pick<ClusterState, 'pods' | 'services'>;

/** By canonical address. */
export function buildAddressIndex({ pods, services }: Cluster, installNamespace: string): AddressIndex {
  const index = new Map<string, AddressUse>();
  const open = createOpener(index);
  for (const service of services.values()) {
    if (!isClosedService(service, installNamespace)) open(service.clusterIps, service.namespace);
  }
  for (const pod of pods.values()) open(addressesOf(pod), pod.namespace);
  // Last, so that nothing opens what is closed.
  for (const service of services.values()) {
    if (isClosedService(service, installNamespace)) close(index, service.clusterIps);
  }
  for (const pod of pods.values()) {
    close(index, pod.hostIps);
    if (isClosedPod(pod, installNamespace)) close(index, addressesOf(pod));
  }
  return index;
}

/** Thousands of addresses share one list per namespace. */
function createOpener(index: Map<string, AddressUse>) {
  const alone = new Map<string, readonly string[]>();
  return (addresses: readonly string[], namespace: string): void => {
    const list = alone.get(namespace) ?? [namespace];
    alone.set(namespace, list);
    for (const text of addresses) {
      const address = canonicalAddress(text);
      if (address === undefined) continue;
      const others = index.get(address);
      if (others === undefined) index.set(address, list);
      else if (others !== 'closed' && !others.includes(namespace)) index.set(address, [...others, namespace]);
    }
  };
}

function close(index: Map<string, AddressUse>, addresses: readonly string[]): void {
  for (const text of addresses) {
    // Nodes come up once for each of their pods.
    if (index.get(text) === 'closed') continue;
    const address = canonicalAddress(text);
    if (address !== undefined) index.set(address, 'closed');
  }
}

/** The API server is known by its Service; from the install's own parts a relay would be let in where others are not. */
function isClosedService({ namespace, name }: ServiceModel, installNamespace: string): boolean {
  return namespace === installNamespace || (namespace === 'default' && name === 'kubernetes');
}

/** With the node's network a pod's address is the node's: every port of the kubelet and of other such pods. */
function isClosedPod({ namespace, hostNetwork }: PodModel, installNamespace: string): boolean {
  return namespace === installNamespace || hostNetwork;
}

function addressesOf({ ip, otherIps }: PodModel): readonly string[] {
  return ip === undefined ? otherIps : [ip, ...otherIps];
}
