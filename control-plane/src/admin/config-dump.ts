// What `/config` shows: how this replica sees the cluster and what it gives to agents. No secrets are in it.

import type { SnapshotCache } from '@kubectl-tp/xds';
import type { ClusterState } from '../state/cluster-state.ts';

export type ConfigDump = {
  readonly leader: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly tunnels: Readonly<Record<string, readonly string[]>>;
  readonly agents: Readonly<
    Record<string, { acknowledged?: string | undefined; rejection?: string | undefined; wanted?: string | undefined }>
  >;
};

export function buildConfigDump(state: ClusterState, cache: SnapshotCache, leader: boolean): ConfigDump {
  const { intercepts, sessions, services, pods, workloads } = state;
  const nodes = [...new Set([...cache.nodes, ...state.agents.keys()])].sort();
  return {
    leader,
    counts: {
      intercepts: intercepts.size,
      sessions: sessions.size,
      services: services.size,
      pods: pods.size,
      workloads: workloads.size,
    },
    tunnels: Object.fromEntries([...state.tunnels].map(([session, relays]) => [session, relays.map(({ pod }) => pod)])),
    agents: Object.fromEntries(
      nodes.map((node) => [node, { ...state.agents.get(node), wanted: cache.getSnapshot(node)?.tag }]),
    ),
  };
}
