// The cluster that leads an intercept's requests through its session's relays to the laptop, and to the application if
// the pod is to answer in the laptop's place.

import { create } from '@bufbuild/protobuf';
import type { InterceptRoute, Tunnel } from '../ir/agent-config.ts';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { RawBufferSchema } from '../proto/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts';
import { buildProtocolOptions, NO_LIMITS } from './cluster.ts';
import { APP_MARK } from './endpoint.ts';
import { TUNNEL_STREAM_WINDOW_BYTES } from './http-protocol.ts';
import { relaysName, tunnelName } from './resource-names.ts';
import { buildLaptopTls } from './tls.ts';
import { buildAdsSource, buildDuration, buildExtension } from './typed-config.ts';

/** A handshake through relay and laptop under load; 2 s were too few. */
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Shorter than the idle timeout of any common application server: a connection that the application closes while a
 * request is under way to it costs that request.
 */
const IDLE_TIMEOUT_MS = 1500;

export function buildTunnelCluster(intercept: InterceptRoute, { peerName }: Tunnel): Cluster {
  const { id, serverName, fallback } = intercept;
  return create(ClusterSchema, {
    ...buildRelayCluster(tunnelName(intercept), relaysName(id)),
    transportSocket: buildLaptopTls({ serverName, peerName, alpn: [] }),
    // The application is an endpoint of this cluster, and not a member of a composite one beside it: Envoy 1.40.0
    // crashes sooner or later when composite clusters come and go.
    transportSocketMatches: fallback === 'pod' ? [PLAIN_TO_APP] : [],
    // No HTTP/2 pings: they would reach the developer's application, and gRPC servers close connections over them.
    typedExtensionProtocolOptions: buildProtocolOptions(IDLE_TIMEOUT_MS, TUNNEL_STREAM_WINDOW_BYTES),
    upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 15, keepaliveInterval: 5, keepaliveProbes: 3 } },
  });
}

const PLAIN_TO_APP = {
  name: 'app',
  match: APP_MARK,
  transportSocket: buildExtension('envoy.transport_sockets.raw_buffer', RawBufferSchema, {}),
};

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
