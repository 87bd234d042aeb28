// The agent's way to its control plane: one stream for all resources, over TLS, with the pod's service account token.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Bootstrap_DynamicResourcesSchema } from '../proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import { type Cluster, ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ApiConfigSource_ApiType, ApiVersion } from '../proto/generated/envoy/config/core/v3/config_source_pb.ts';
import { DnsLookupFamily } from '../proto/generated/envoy/extensions/clusters/common/dns/v3/dns_pb.ts';
import { DnsClusterSchema } from '../proto/generated/envoy/extensions/clusters/dns/v3/dns_cluster_pb.ts';
import { UpstreamCodecSchema } from '../proto/generated/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec_pb.ts';
import { UpstreamTlsContextSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { HttpProtocolOptionsSchema } from '../proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { buildLoadAssignment } from '../translator/endpoint.ts';
import { buildInline } from '../translator/secret.ts';
import { buildDnsNameMatcher, TLS_1_3 } from '../translator/tls.ts';
import { buildAdsSource, buildDuration, buildExtension, buildTypedConfig } from '../translator/typed-config.ts';
import type { BootstrapOptions } from './bootstrap-options.ts';
import { buildTokenInjector } from './token-injector.ts';

const CLUSTER = 'control-plane';
const CONNECT_TIMEOUT_MS = 2000;
/** A Service's address seldom changes; Envoy's 5 s would be a burden on the cluster's DNS with thousands of agents. */
const DNS_REFRESH_MS = 60_000;
const DNS_RETRY = { baseInterval: buildDuration(1000), maxInterval: buildDuration(5000) };
/** A control plane that doesn't answer a ping is dead, and another replica takes over. */
const KEEPALIVE = { interval: buildDuration(10_000), timeout: buildDuration(5000) };
/** Envoy's own back-off grows to 30 s, and for so long a returned control plane would not be heard. */
const RECONNECT = { baseInterval: buildDuration(500), maxInterval: buildDuration(2000) };
/** How long the start waits for clusters, and then for listeners, before it opens the pass-through listeners. */
const FETCH_TIMEOUT_MS = 500;

export function buildControlPlaneStream(): MessageInitShape<typeof Bootstrap_DynamicResourcesSchema> {
  const fromStream = { ...buildAdsSource(), initialFetchTimeout: buildDuration(FETCH_TIMEOUT_MS) };
  const envoyGrpc = { clusterName: CLUSTER, retryPolicy: { retryBackOff: RECONNECT } };
  return {
    cdsConfig: fromStream,
    ldsConfig: fromStream,
    adsConfig: {
      apiType: ApiConfigSource_ApiType.DELTA_GRPC,
      transportApiVersion: ApiVersion.V3,
      setNodeOnFirstMessageOnly: true,
      grpcServices: [{ targetSpecifier: { case: 'envoyGrpc', value: envoyGrpc } }],
    },
  };
}

export function buildControlPlaneCluster(
  { host, port, authority }: BootstrapOptions['controlPlane'],
  identityDirectory: string,
): Cluster {
  return create(ClusterSchema, {
    name: CLUSTER,
    clusterDiscoveryType: { case: 'clusterType', value: BY_DNS },
    // A pod that starts while the cluster's DNS is away still serves.
    waitForWarmOnInit: false,
    connectTimeout: buildDuration(CONNECT_TIMEOUT_MS),
    loadAssignment: buildLoadAssignment(CLUSTER, [{ address: host, port }]),
    transportSocket: buildTls(host, authority),
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': buildTypedConfig(HttpProtocolOptionsSchema, {
        upstreamProtocolOptions: { case: 'explicitHttpConfig', value: { protocolConfig: HTTP2 } },
        httpFilters: [
          buildTokenInjector(identityDirectory),
          // Last, because it sends the request on.
          buildExtension('envoy.filters.http.upstream_codec', UpstreamCodecSchema, {}),
        ],
      }),
    },
  });
}

const BY_DNS = {
  name: 'envoy.clusters.dns',
  typedConfig: buildTypedConfig(DnsClusterSchema, {
    dnsLookupFamily: DnsLookupFamily.V4_PREFERRED,
    dnsRefreshRate: buildDuration(DNS_REFRESH_MS),
    dnsFailureRefreshRate: DNS_RETRY,
  }),
};

const HTTP2 = { case: 'http2ProtocolOptions' as const, value: { connectionKeepalive: KEEPALIVE } };

function buildTls(host: string, authority: string) {
  return buildExtension('envoy.transport_sockets.tls', UpstreamTlsContextSchema, {
    sni: host,
    commonTlsContext: {
      tlsParams: TLS_1_3,
      alpnProtocols: ['h2'],
      validationContextType: {
        case: 'validationContext',
        value: { trustedCa: buildInline(authority), matchTypedSubjectAltNames: [buildDnsNameMatcher(host)] },
      },
    },
  });
}
