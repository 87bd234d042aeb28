// Envoy resources as a person would write them, extensions included.

import { createRegistry, type DescMessage, fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import { ClusterSchema } from '../../xds/src/proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../xds/src/proto/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../xds/src/proto/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../xds/src/proto/generated/envoy/config/route/v3/route_pb.ts';
import { ExpressionFilterSchema } from '../../xds/src/proto/generated/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.ts';
import { RouterSchema } from '../../xds/src/proto/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { ProxyProtocolSchema } from '../../xds/src/proto/generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.ts';
import { TlsInspectorSchema } from '../../xds/src/proto/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { ConfigSchema as DirectResponseSchema } from '../../xds/src/proto/generated/envoy/extensions/filters/network/direct_response/v3/config_pb.ts';
import { HttpConnectionManagerSchema } from '../../xds/src/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { TcpProxySchema } from '../../xds/src/proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { HeaderMutationSchema } from '../../xds/src/proto/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.ts';
import { PreserveCaseFormatterConfigSchema } from '../../xds/src/proto/generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.ts';
import {
  ApplicationProtocolInputSchema,
  DirectSourceIPInputSchema,
  FilterStateInputSchema,
} from '../../xds/src/proto/generated/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { PreviousHostsPredicateSchema } from '../../xds/src/proto/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { PreviousPrioritiesConfigSchema } from '../../xds/src/proto/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts';
import { RawBufferSchema } from '../../xds/src/proto/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts';
import { SecretSchema } from '../../xds/src/proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../../xds/src/proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { HttpProtocolOptionsSchema } from '../../xds/src/proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { IPMatcherSchema } from '../../xds/src/proto/generated/xds/type/matcher/v3/ip_pb.ts';
import { RESOURCE_TYPES, type ResourceSet, type ResourceType } from '../../xds/src/resource-set.ts';

const SCHEMAS: Record<ResourceType, DescMessage> = {
  cluster: ClusterSchema,
  endpoint: ClusterLoadAssignmentSchema,
  secret: SecretSchema,
  listener: ListenerSchema,
  route: RouteConfigurationSchema,
};

const EXTENSIONS = createRegistry(
  ApplicationProtocolInputSchema,
  DirectResponseSchema,
  DirectSourceIPInputSchema,
  DownstreamTlsContextSchema,
  ExpressionFilterSchema,
  FilterStateInputSchema,
  HeaderMutationSchema,
  HttpConnectionManagerSchema,
  HttpProtocolOptionsSchema,
  IPMatcherSchema,
  PreserveCaseFormatterConfigSchema,
  PreviousHostsPredicateSchema,
  PreviousPrioritiesConfigSchema,
  ProxyProtocolSchema,
  RawBufferSchema,
  RouterSchema,
  StringValueSchema,
  TcpProxySchema,
  TlsInspectorSchema,
  UpstreamTlsContextSchema,
);

/** By type and name, in the order in which agents get them. */
export function describeResources(set: ResourceSet): Record<string, Record<string, JsonValue>> {
  return Object.fromEntries(RESOURCE_TYPES.map((type) => [type, describeType(set, type)]));
}

function describeType(set: ResourceSet, type: ResourceType): Record<string, JsonValue> {
  const schema = SCHEMAS[type];
  const options = { registry: EXTENSIONS, useProtoFieldName: true };
  const resources = [...set[type].values()];
  return Object.fromEntries(
    resources.map(({ name, value }) => [name, toJson(schema, fromBinary(schema, value), options)]),
  );
}
