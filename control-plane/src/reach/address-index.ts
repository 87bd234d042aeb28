// Whose each address of the cluster is: namespaces of the Services and pods that have it, or nobody's to dial. Pure.

import { canonicalAddress } from '../addresses/index.ts';
import type { ClusterState, PodModel, ServiceModel } from '../state/cluster-state.ts';

/**
 * Namespaces, several when Services or pods share an address (one that has just ended and its successor); `closed`: a
 * node's, or of the install itself, whatever else claims it; `everybody`: the API server's, which asks each caller who he
 * is, and which whoever has a session talks to anyway.
 */
export type AddressUse = readonly string[] | 'closed' | 'everybody';
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
  for (const service of services.values()) if (isApiServer(service)) mark(index, service.clusterIps, 'everybody');
  // Last, so that nothing opens what is closed.
  for (const service of services.values()) {
    if (isClosedService(service, installNamespace)) mark(index, service.clusterIps, 'closed');
  }
  for (const pod of pods.values()) {
    mark(index, pod.hostIps, 'closed');
    if (isClosedPod(pod, installNamespace)) mark(index, addressesOf(pod), 'closed');
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
      else if (typeof others !== 'string' && !others.includes(namespace)) index.set(address, [...others, namespace]);
    }
  };
}

function mark(index: Map<string, AddressUse>, addresses: readonly string[], use: 'closed' | 'everybody'): void {
  for (const address of canonical(addresses)) index.set(address, use);
}

/** At the install's own parts a relay would be let in where others are not. */
function isClosedService({ namespace }: ServiceModel, installNamespace: string): boolean {
  return namespace === installNamespace;
}

function isApiServer({ namespace, name }: ServiceModel): boolean {
  return namespace === 'default' && name === 'kubernetes';
}

/** With the node's network a pod's address is the node's: every port of the kubelet and of other such pods. */
function isClosedPod({ namespace, hostNetwork }: PodModel, installNamespace: string): boolean {
  return namespace === installNamespace || hostNetwork;
}

function addressesOf({ ip, otherIps }: PodModel): readonly string[] {
  return ip === undefined ? otherIps : [ip, ...otherIps];
}

function canonical(addresses: readonly string[]): string[] {
  return addresses.flatMap((address) => canonicalAddress(address) ?? []);
}
