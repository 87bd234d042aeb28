// Finds out by the API which addresses the cluster has. Whoever may see ServiceCIDRs and nodes knows the ranges; everybody
// else knows the Services and pods of the namespaces he works in.

import { NODES, PODS, type Resource, SERVICE_CIDRS, SERVICES } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient, KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';
import { followObjects } from '../kubernetes/follow.ts';
import { addressesOfService, type Pod, type Service } from '../kubernetes/objects.ts';
import type { ClusterAddresses } from './cluster-addresses.ts';

type ServiceCidr = KubernetesObject & { spec?: { cidrs?: string[] } };
type Node = KubernetesObject & { spec?: { podCIDR?: string; podCIDRs?: string[] } };

/** Resolves with the ranges the user may see: Services' and pods', or fewer. */
export async function findRanges(client: KubernetesClient, signal: AbortSignal): Promise<string[]> {
  const [serviceCidrs, nodes] = await Promise.all([
    listIfAllowed<ServiceCidr>(client, SERVICE_CIDRS, signal),
    listIfAllowed<Node>(client, NODES, signal),
  ]);
  const services = serviceCidrs.flatMap(({ spec }) => spec?.cidrs ?? []);
  const pods = nodes.flatMap(({ spec }) => spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]));
  return [...new Set([...services, ...pods])].toSorted();
}

async function listIfAllowed<T extends KubernetesObject>(
  client: KubernetesClient,
  resource: Resource,
  signal: AbortSignal,
): Promise<T[]> {
  try {
    return await client.list<T>(resource, { signal });
  } catch {
    signal.throwIfAborted();
    return []; // not allowed, or a cluster without the resource: single addresses do
  }
}

/** Keeps `addresses` current with a namespace's Services and pods until the signal. */
export function followNamespaceAddresses(
  client: KubernetesClient,
  { namespace, addresses, signal }: { namespace: string; addresses: ClusterAddresses; signal: AbortSignal },
): void {
  followObjects<Service>(client, SERVICES, {
    namespace,
    signal,
    onChange: (services) => addresses.setKnown(`services ${namespace}`, services.flatMap(addressesOfService)),
  });
  followObjects<Pod>(client, PODS, {
    namespace,
    signal,
    onChange: (pods) => addresses.setKnown(`pods ${namespace}`, pods.flatMap(addressesOfPod)),
  });
}

/** A pod on its node's network has the node's address, which is no address of the cluster's network. */
function addressesOfPod({ spec, status }: Pod): string[] {
  return spec.hostNetwork === true ? [] : (status?.podIPs ?? []).map(({ ip }) => ip);
}
