// From what one agent needs to know to its Envoy resources. Reads as a table of contents: each concept of Envoy has
// its own file. Pure: equal input gives equal bytes, whatever the order of ports, tunnels and relays.

import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { AgentConfig, AgentCredentials, AgentPort, InterceptRoute, Tunnel } from '../ir/agent-config.ts';
import { normalizeAgentConfig } from '../ir/normalize.ts';
import { ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../proto/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../proto/generated/envoy/config/route/v3/route_pb.ts';
import { SecretSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { createResourceSet, type EncodedResource, type ResourceSet, type ResourceType } from '../resource-set.ts';
import { buildAppCluster } from './app-cluster.ts';
import { buildTunnelEndpoints } from './endpoint.ts';
import { buildFallbackCluster } from './fallback-cluster.ts';
import { buildListener } from './listener.ts';
import { buildRouteConfiguration } from './route.ts';
import { buildAgentSecret, buildAuthoritySecret } from './secret.ts';
import { buildProbeCluster, buildTunnelCluster } from './tunnel-cluster.ts';

/**
 * All resources of one agent. What `validateAgentConfig` finds fault with is left out, so that Envoy never refuses a
 * set. Without credentials no laptop can be reached, so intercepts are left out and everybody is a bystander.
 */
export function buildAgentResources(config: AgentConfig, credentials: AgentCredentials | undefined): ResourceSet {
  const { podIp, ports, tunnels } = normalizeAgentConfig(
    credentials === undefined ? withoutIntercepts(config) : config,
  );
  return createResourceSet([
    ...ports.flatMap((port) => translatePort(podIp, port)),
    ...ports.flatMap((port) => port.intercepts.flatMap((intercept) => translateIntercept(intercept, port, tunnels))),
    ...tunnels.map((tunnel) => encode('endpoint', ClusterLoadAssignmentSchema, buildTunnelEndpoints(tunnel))),
    ...(credentials === undefined || tunnels.length === 0 ? [] : translateCredentials(credentials)),
  ]);
}

function translatePort(podIp: string, port: AgentPort): EncodedResource[] {
  const resources = [
    encode('cluster', ClusterSchema, buildAppCluster(podIp, port.appPort)),
    encode('listener', ListenerSchema, buildListener(podIp, port)),
  ];
  // Only the connection manager asks for routes; a set must not hold what an agent never asks for.
  if (port.mode === 'tcp') return resources;
  return [...resources, encode('route', RouteConfigurationSchema, buildRouteConfiguration(port))];
}

function translateIntercept(intercept: InterceptRoute, port: AgentPort, tunnels: readonly Tunnel[]): EncodedResource[] {
  const tunnel = tunnels.find(({ session }) => session === intercept.session);
  if (tunnel === undefined) return [];
  const clusters = [buildTunnelCluster(intercept, tunnel), buildProbeCluster(intercept, tunnel)];
  if (intercept.fallback === 'pod') clusters.push(buildFallbackCluster(intercept.id, port.appPort));
  return clusters.map((cluster) => encode('cluster', ClusterSchema, cluster));
}

function translateCredentials(credentials: AgentCredentials): EncodedResource[] {
  const secrets = [buildAgentSecret(credentials), buildAuthoritySecret(credentials)];
  return secrets.map((secret) => encode('secret', SecretSchema, secret));
}

function withoutIntercepts(config: AgentConfig): AgentConfig {
  return { ...config, ports: config.ports.map((port) => ({ ...port, intercepts: [] })) };
}

type Named = { readonly name: string } | { readonly clusterName: string };

function encode<Desc extends DescMessage>(
  type: ResourceType,
  schema: Desc,
  message: MessageShape<Desc> & Named,
): EncodedResource {
  const name = 'name' in message ? message.name : message.clusterName;
  return { type, name, value: toBinary(schema, message) };
}
