// The cluster that leads an intercept's requests through its session's relays to the laptop.

import { create } from '@bufbuild/protobuf';
import type { InterceptRoute, Tunnel } from '../ir/agent-config.ts';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { buildProtocolOptions, NO_LIMITS } from './cluster.ts';
import { TUNNEL_STREAM_WINDOW_BYTES } from './http-protocol.ts';
import { sessionName, tunnelName } from './resource-names.ts';
import { buildLaptopTls } from './tls.ts';
import { buildAdsSource, buildDuration } from './typed-config.ts';

/** A handshake through relay and laptop under load; 2 s were too few. */
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Shorter than the idle timeout of any common application server: a connection that the application closes while a
 * request is under way to it costs that request.
 */
const IDLE_TIMEOUT_MS = 1500;

export function buildTunnelCluster(intercept: InterceptRoute, { peerName }: Tunnel): Cluster {
  const { id, session, serverName } = intercept;
  return create(ClusterSchema, {
    ...buildRelayCluster(tunnelName(id), sessionName(session)),
    transportSocket: buildLaptopTls({ serverName, peerName, alpn: [] }),
    // No HTTP/2 pings: they would reach the developer's application, and gRPC servers close connections over them.
    typedExtensionProtocolOptions: buildProtocolOptions(IDLE_TIMEOUT_MS, TUNNEL_STREAM_WINDOW_BYTES),
    upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 15, keepaliveInterval: 5, keepaliveProbes: 3 } },
  });
}

/** What all clusters through relays have in common. */
export function buildRelayCluster(name: string, endpoints: string) {
  return {
    name,
    clusterDiscoveryType: { case: 'type' as const, value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { serviceName: endpoints, edsConfig: buildAdsSource() },
    connectTimeout: buildDuration(CONNECT_TIMEOUT_MS),
    circuitBreakers: NO_LIMITS,
  };
}
