// What an agent is started with: who it is, where its control plane is, and listeners that pass every captured port on
// to the application, so that a pod lives without a control plane. All else comes by the stream.

import { create, createRegistry, type JsonObject, toJson } from '@bufbuild/protobuf';
import { type Bootstrap, BootstrapSchema } from '../proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import { DnsClusterSchema } from '../proto/generated/envoy/extensions/clusters/dns/v3/dns_cluster_pb.ts';
import { CredentialInjectorSchema } from '../proto/generated/envoy/extensions/filters/http/credential_injector/v3/credential_injector_pb.ts';
import { UpstreamCodecSchema } from '../proto/generated/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec_pb.ts';
import { ConfigSchema as DirectResponseSchema } from '../proto/generated/envoy/extensions/filters/network/direct_response/v3/config_pb.ts';
import { TcpProxySchema } from '../proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { GenericSchema } from '../proto/generated/envoy/extensions/http/injected_credentials/generic/v3/generic_pb.ts';
import { UpstreamTlsContextSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { HttpProtocolOptionsSchema } from '../proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { AGENT_RUNTIME, AGENT_STATISTICS } from './agent-settings.ts';
import { assertBootstrapOptions, type BootstrapOptions } from './bootstrap-options.ts';
import { buildControlPlaneCluster, buildControlPlaneStream } from './control-plane-cluster.ts';
import { buildPassThrough } from './pass-through.ts';
import { buildReadiness } from './readiness.ts';

export { buildAgentArguments } from './agent-arguments.ts';
export type { BootstrapOptions, CapturedPort } from './bootstrap-options.ts';
export { buildTokenSecretFile, TOKEN_FILE, TOKEN_SECRET_FILE } from './token-secret-file.ts';

/**
 * The bootstrap as JSON for `--config-yaml`. `$(POD_IP)`, `$(POD_NAME)` and `$(POD_NAMESPACE)` are left for the
 * kubelet, which expands a container's environment in its arguments. Throws XDS_BOOTSTRAP_INVALID.
 */
export function buildBootstrap(options: BootstrapOptions): JsonObject {
  assertBootstrapOptions(options);
  return toJson(BootstrapSchema, buildMessage(options), { registry: EXTENSIONS }) as JsonObject;
}

function buildMessage(options: BootstrapOptions): Bootstrap {
  const { ports, controlPlane, identityDirectory, adminSocket, readinessPort, ipv6 = false } = options;
  const passThroughs = ports.map((port) => buildPassThrough(port, ipv6));
  const readiness = readinessPort === undefined ? [] : [buildReadiness(readinessPort, ipv6)];
  return create(BootstrapSchema, {
    node: { id: '$(POD_NAMESPACE)/$(POD_NAME)', cluster: 'kubectl-tp', metadata: { ip: '$(POD_IP)' } },
    admin: { address: { address: { case: 'pipe', value: { path: adminSocket } } } },
    staticResources: {
      listeners: [...passThroughs.map(({ listener }) => listener), ...readiness],
      clusters: [
        buildControlPlaneCluster(controlPlane, identityDirectory),
        ...passThroughs.map(({ cluster }) => cluster),
      ],
    },
    dynamicResources: buildControlPlaneStream(),
    layeredRuntime: { layers: [{ name: 'static', layerSpecifier: { case: 'staticLayer', value: AGENT_RUNTIME } }] },
    statsConfig: AGENT_STATISTICS,
  });
}

/** Every extension that a bootstrap has, by which their JSON is written. */
const EXTENSIONS = createRegistry(
  CredentialInjectorSchema,
  DirectResponseSchema,
  DnsClusterSchema,
  GenericSchema,
  HttpProtocolOptionsSchema,
  TcpProxySchema,
  UpstreamCodecSchema,
  UpstreamTlsContextSchema,
);
