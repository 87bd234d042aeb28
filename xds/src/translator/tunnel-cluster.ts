// Clusters that lead through a session's relays to its laptop: one for an intercept's requests, and one that carries
// none but proves by a TLS handshake every few seconds that the way is open.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { InterceptRoute, Tunnel } from '../ir/agent-config.ts';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { HealthCheckSchema } from '../proto/generated/envoy/config/core/v3/health_check_pb.ts';
import { buildProtocolOptions, NO_LIMITS } from './cluster.ts';
import { TUNNEL_STREAM_WINDOW_BYTES } from './http-protocol.ts';
import { probeName, sessionName, tunnelName } from './resource-names.ts';
import { buildLaptopTls } from './tls.ts';
import { buildAdsSource, buildDuration, NEVER } from './typed-config.ts';

/** A handshake through relay and laptop under load; 2 s were too few. */
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Shorter than the idle timeout of any common application server: a connection that the application closes while a
 * request is under way to it costs that request.
 */
const IDLE_TIMEOUT_MS = 1500;
/** ALPN by which a laptop knows that nothing will come; `ALPN_PROBE` of control-plane/protocol. */
export const PROBE_ALPN = 'tp-probe';
const PROBE_INTERVAL_MS = 10_000;
const FAILED_PROBE_INTERVAL_MS = 1000;
const PROBE_TIMEOUT_MS = 5000;

export function buildTunnelCluster(intercept: InterceptRoute, { peerName }: Tunnel): Cluster {
  const { id, session, serverName } = intercept;
  return create(ClusterSchema, {
    ...buildRelayCluster(tunnelName(id), session),
    transportSocket: buildLaptopTls({ serverName, peerName, alpn: [] }),
    // No HTTP/2 pings: they would reach the developer's application, and gRPC servers close connections over them.
    typedExtensionProtocolOptions: buildProtocolOptions(IDLE_TIMEOUT_MS, TUNNEL_STREAM_WINDOW_BYTES),
    upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 15, keepaliveInterval: 5, keepaliveProbes: 3 } },
  });
}

export function buildProbeCluster(intercept: InterceptRoute, { peerName }: Tunnel): Cluster {
  const { id, session, serverName } = intercept;
  return create(ClusterSchema, {
    ...buildRelayCluster(probeName(id), session),
    transportSocket: buildLaptopTls({ serverName, peerName, alpn: [PROBE_ALPN] }),
    healthChecks: [HANDSHAKE],
    // Else Envoy keeps on probing a relay that is no longer in the endpoints for as long as it answers.
    ignoreHealthOnHostRemoval: true,
  });
}

function buildRelayCluster(name: string, session: string) {
  return {
    name,
    clusterDiscoveryType: { case: 'type' as const, value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { serviceName: sessionName(session), edsConfig: buildAdsSource() },
    connectTimeout: buildDuration(CONNECT_TIMEOUT_MS),
    circuitBreakers: NO_LIMITS,
  };
}

/** Connects and closes: an empty TCP health check is done when the TLS handshake is. */
const HANDSHAKE: MessageInitShape<typeof HealthCheckSchema> = {
  timeout: buildDuration(PROBE_TIMEOUT_MS),
  interval: buildDuration(PROBE_INTERVAL_MS),
  // A probe cluster never has traffic, and without it Envoy would check once a minute.
  noTrafficInterval: buildDuration(PROBE_INTERVAL_MS),
  unhealthyInterval: buildDuration(FAILED_PROBE_INTERVAL_MS),
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  initialJitter: NEVER,
  intervalJitterPercent: 10,
  healthChecker: { case: 'tcpHealthCheck', value: {} },
};
