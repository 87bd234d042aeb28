// What `/config` shows: how much this replica sees of the cluster, and whether agents have what it gives them. Counts
// and hashes alone, no names: whoever may forward a port to this pod need not be allowed to see every namespace.

import { createHash } from 'node:crypto';
import type { SnapshotCache } from '@kubectl-tp/xds';
import type { ClusterState } from '../state/cluster-state.ts';

export type ConfigDump = {
  readonly leader: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly agents: {
    readonly published: number;
    readonly connected: number;
    /** They hold exactly what is published for them. */
    readonly current: number;
    readonly rejecting: number;
  };
  /** Of what is published for all agents together: equal on replicas that agree. */
  readonly configuration: string;
};

export function buildConfigDump(state: ClusterState, cache: SnapshotCache, leader: boolean): ConfigDump {
  const { intercepts, sessions, services, pods, workloads, tunnels } = state;
  const agents = [...state.agents];
  const nodes = [...cache.nodes].sort();
  const isCurrent = ([node, { acknowledged }]: (typeof agents)[number]) =>
    acknowledged !== undefined && acknowledged === cache.getSnapshot(node)?.tag;
  return {
    leader,
    counts: {
      intercepts: intercepts.size,
      sessions: sessions.size,
      tunnels: tunnels.size,
      services: services.size,
      pods: pods.size,
      workloads: workloads.size,
    },
    agents: {
      published: nodes.length,
      connected: agents.length,
      current: agents.filter(isCurrent).length,
      rejecting: agents.filter(([, { rejection }]) => rejection !== undefined).length,
    },
    configuration: hash(nodes.map((node) => [node, cache.getSnapshot(node)?.tag])),
  };
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 20);
}
