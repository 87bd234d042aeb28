// The cluster that carries no requests, but proves by a TLS handshake every few seconds that an intercept's way from
// agent to laptop is open.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { InterceptRoute, Tunnel } from '../ir/agent-config.ts';
import { type Cluster, ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { HealthCheckSchema } from '../proto/generated/envoy/config/core/v3/health_check_pb.ts';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../proto/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { buildLoadAssignment } from './endpoint.ts';
import { probeName } from './resource-names.ts';
import { buildLaptopTls } from './tls.ts';
import { buildRelayCluster } from './tunnel-cluster.ts';
import { buildDuration, NEVER } from './typed-config.ts';

/** ALPN by which a laptop knows that nothing will come; `ALPN_PROBE` of control-plane/protocol. */
export const PROBE_ALPN = 'tp-probe';
const PROBE_INTERVAL_MS = 10_000;
const FAILED_PROBE_INTERVAL_MS = 1000;
const PROBE_TIMEOUT_MS = 5000;

export function buildProbeCluster({ id, serverName }: InterceptRoute, { peerName }: Tunnel): Cluster {
  return create(ClusterSchema, {
    ...buildRelayCluster(probeName(id), probeName(id)),
    transportSocket: buildLaptopTls({ serverName, peerName, alpn: [PROBE_ALPN] }),
    healthChecks: [HANDSHAKE],
    // Else Envoy keeps on probing a relay that is no longer in the endpoints for as long as it answers.
    ignoreHealthOnHostRemoval: true,
  });
}

/**
 * The session's relays under the cluster's own name, so that they come when the cluster is there (see
 * server/delta-stream.ts): with them from the start, a laptop that takes connections and is silent would keep the agent
 * from taking over anything else until its first check has failed.
 */
export function buildProbeEndpoints({ id }: InterceptRoute, { relays }: Tunnel): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, buildLoadAssignment(probeName(id), relays));
}

/** Connects and closes: an empty TCP health check is done when the TLS handshake is. */
const HANDSHAKE: MessageInitShape<typeof HealthCheckSchema> = {
  timeout: buildDuration(PROBE_TIMEOUT_MS),
  // Required, and never in force: a probe cluster has no traffic of its own.
  interval: buildDuration(PROBE_INTERVAL_MS),
  noTrafficHealthyInterval: buildDuration(PROBE_INTERVAL_MS),
  noTrafficInterval: buildDuration(FAILED_PROBE_INTERVAL_MS),
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  initialJitter: NEVER,
  intervalJitterPercent: 10,
  healthChecker: { case: 'tcpHealthCheck', value: {} },
};
