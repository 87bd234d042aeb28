// The gate: by it connections of laptops leave from this pod. A relay connects and says where to, and by which exit, in a
// PROXY header; behind it is TLS between agent and laptop. Envoy connects to the far side at once and goes on with the
// handshake when that has accepted, so a laptop that sees the handshake done knows that its connection is made.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Exit, Gate } from '../ir/agent-config.ts';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { FilterChainSchema } from '../proto/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { type Listener, ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.ts';
import { TlsInspectorSchema } from '../proto/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { ConfigSchema as DirectResponseSchema } from '../proto/generated/envoy/extensions/filters/network/direct_response/v3/config_pb.ts';
import { NO_LIMITS } from './cluster.ts';
import { buildDatagramProxy } from './gate-datagrams.ts';
import { buildGateMatcher, buildProxyHeaderFilter } from './gate-matcher.ts';
import { datagramsName, GATE } from './resource-names.ts';
import { buildTcpProxy } from './tcp-proxy.ts';
import { buildLaptopServerTls } from './tls.ts';
import { buildAddress, buildDuration, buildExtension } from './typed-config.ts';

/** The relay sends its header, and the laptop its ClientHello, without waiting for anything. */
const HELLO_TIMEOUT_MS = 10_000;
/** Longer than a laptop waits (kubectl-tp/outbound), so that nobody answers is told from a refusal. */
const CONNECT_TIMEOUT_MS = 12_000;

export function buildGateListener(podIp: string, gate: Gate): Listener {
  const { port, proofAddress, exits } = gate;
  return create(ListenerSchema, {
    name: GATE,
    address: buildAddress(podIp, port),
    additionalAddresses: [{ address: buildAddress(proofAddress, port) }],
    listenerFilters: [
      buildProxyHeaderFilter(gate),
      // Nobody is connected who has no TLS to say.
      buildExtension('envoy.filters.listener.tls_inspector', TlsInspectorSchema, {}),
    ],
    listenerFiltersTimeout: buildDuration(HELLO_TIMEOUT_MS),
    filterChainMatcher: buildGateMatcher(gate),
    // Of their own for each exit, and no relay in them: Envoy ends the connections of a chain that changes.
    filterChains: exits.flatMap(buildChains),
    defaultFilterChain: REFUSAL,
  });
}

/** Envoy connects before it has seen the laptop's certificate, but no byte passes before. */
function buildChains({ id, peerName }: Exit): MessageInitShape<typeof FilterChainSchema>[] {
  const transportSocket = buildLaptopServerTls(peerName);
  return [
    { name: id, transportSocket, filters: [buildTcpProxy(GATE, GATE)] },
    { name: datagramsName(id), transportSocket, filters: [buildDatagramProxy()] },
  ];
}
/** Something to read that is no TLS: a laptop then does not take it for a refusal by the far side. */
const REFUSAL: MessageInitShape<typeof FilterChainSchema> = {
  name: 'refusal',
  filters: [
    buildExtension('envoy.filters.network.direct_response', DirectResponseSchema, {
      response: { specifier: { case: 'inlineString', value: 'not by this relay, or not for this session\n' } },
    }),
  ],
};

/** Goes where the PROXY header says. */
export function buildGateCluster(): Cluster {
  return create(ClusterSchema, {
    name: GATE,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    connectTimeout: buildDuration(CONNECT_TIMEOUT_MS),
    circuitBreakers: NO_LIMITS,
    // Firewalls between nodes forget connections that say nothing.
    upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 30, keepaliveInterval: 10, keepaliveProbes: 3 } },
  });
}
