// Which relays hold which session's tunnel: fresh Leases of ready relay pods. Pure.

import { COMPONENT_LABEL, RELAY_AGENT_PORT } from '../api/index.ts';
import type { ClusterState, ObjectKey, PodModel, RelayEndpoint } from './cluster-state.ts';
import type { TunnelLease } from './parse-lease.ts';

type Pods = ReadonlyMap<ObjectKey, PodModel>;
type Options = { readonly installNamespace: string; readonly nowMs: number };

/** The relay's address is taken from its pod, not from the Lease: a relay can speak for itself only. */
export function buildTunnels(
  leases: Iterable<TunnelLease>,
  pods: Pods,
  { installNamespace, nowMs }: Options,
): ClusterState['tunnels'] {
  const tunnels = new Map<string, RelayEndpoint[]>();
  for (const { session, relay, expiresAtMs } of leases) {
    const pod = pods.get(`${installNamespace}/${relay}`);
    if (expiresAtMs <= nowMs || pod?.ip === undefined || !isServingRelay(pod)) continue;
    const endpoints = tunnels.get(session) ?? [];
    endpoints.push({ pod: relay, address: pod.ip, port: RELAY_AGENT_PORT });
    tunnels.set(session, endpoints);
  }
  for (const endpoints of tunnels.values()) endpoints.sort((a, b) => (a.pod < b.pod ? -1 : 1));
  return tunnels;
}

/** When the first Lease that still counts will have expired; Infinity without any. */
export function nextExpiryMs(leases: Iterable<TunnelLease>, nowMs: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { expiresAtMs } of leases) if (expiresAtMs > nowMs) next = Math.min(next, expiresAtMs);
  return next;
}

/** Pods of the control plane that may still write reports. */
export function findReplicas(pods: Pods, installNamespace: string): ReadonlySet<string> {
  const replicas = new Set<string>();
  for (const { namespace, name, labels, terminating } of pods.values()) {
    if (namespace === installNamespace && labels[COMPONENT_LABEL] === 'control-plane' && !terminating)
      replicas.add(name);
  }
  return replicas;
}

function isServingRelay({ labels, ready, terminating }: PodModel): boolean {
  return labels[COMPONENT_LABEL] === 'relay' && ready && !terminating;
}
