// From what one agent needs to know to its Envoy resources. Reads as a table of contents: each concept of Envoy has
// its own file. Pure: equal input gives equal bytes, whatever the order of ports, tunnels and relays.

import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type AgentConfig,
  type AgentCredentials,
  type AgentPort,
  type Gate,
  hasLaptops,
  type InterceptRoute,
  type Tunnel,
} from '../ir/agent-config.ts';
import { normalizeAgentConfig } from '../ir/normalize.ts';
import { ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../proto/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../proto/generated/envoy/config/route/v3/route_pb.ts';
import { SecretSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { createResourceSet, type EncodedResource, type ResourceSet, type ResourceType } from '../resource-set.ts';
import { buildAppCluster } from './app-cluster.ts';
import { buildTunnelEndpoints, type Endpoint } from './endpoint.ts';
import { buildGateCluster, buildGateListener } from './gate.ts';
import { buildListener } from './listener.ts';
import { createMemo } from './memo.ts';
import { buildProbeCluster, buildProbeEndpoints } from './probe-cluster.ts';
import { probeName, relaysName } from './resource-names.ts';
import { buildRouteConfiguration } from './route.ts';
import { buildAgentSecret, buildAuthoritySecret } from './secret.ts';
import { buildTunnelCluster } from './tunnel-cluster.ts';

/**
 * All resources of one agent. What `validateAgentConfig` finds fault with is left out, so that Envoy never refuses a
 * set. Without credentials no laptop can be reached, so intercepts are left out and everybody is a bystander.
 */
export function buildAgentResources(config: AgentConfig, credentials: AgentCredentials | undefined): ResourceSet {
  const { podIp, ports, tunnels, gate } = normalizeAgentConfig(
    credentials === undefined ? withoutIntercepts(config) : config,
  );
  return createResourceSet([
    ...ports.flatMap((port) => translatePort(podIp, port)),
    ...ports.flatMap(({ appPort, intercepts }) => {
      const application = { address: podIp, port: appPort };
      return intercepts.flatMap((intercept) => translateIntercept(intercept, tunnels, application));
    }),
    ...(gate === undefined ? [] : translateGate(podIp, gate)),
    ...(credentials === undefined || !hasLaptops({ tunnels, gate }) ? [] : translateCredentials(credentials)),
  ]);
}

function translatePort(podIp: string, port: AgentPort): EncodedResource[] {
  const { appPort, agentPort, mode, intercepts } = port;
  const routes = () => encode('route', RouteConfigurationSchema, buildRouteConfiguration(port));
  return [
    remember(['app', podIp, appPort], () => encode('cluster', ClusterSchema, buildAppCluster(podIp, appPort))),
    remember(['in', podIp, appPort, agentPort, mode], () =>
      encode('listener', ListenerSchema, buildListener(podIp, port)),
    ),
    // Where bytes pass unread, too: connections from before are still read as requests, and must not be routed to
    // clusters that have gone.
    remember(['routes', appPort, intercepts], routes),
  ];
}

function translateIntercept(
  intercept: InterceptRoute,
  tunnels: readonly Tunnel[],
  application: Endpoint,
): EncodedResource[] {
  const tunnel = tunnels.find(({ session }) => session === intercept.session);
  if (tunnel === undefined) return [];
  return [...translateTunnel(intercept, tunnel, application), ...translateProbe(intercept, tunnel)];
}

function translateTunnel(intercept: InterceptRoute, tunnel: Tunnel, application: Endpoint): EncodedResource[] {
  const { id, serverName, fallback } = intercept;
  const last = fallback === 'pod' ? application : undefined;
  const cluster = () => ({
    ...encode('cluster', ClusterSchema, buildTunnelCluster(intercept, tunnel)),
    endpoints: [relaysName(id)],
  });
  const endpoints = () => encode('endpoint', ClusterLoadAssignmentSchema, buildTunnelEndpoints(id, tunnel, last));
  return [
    remember(['tunnel', id, fallback, serverName, tunnel.peerName], cluster),
    remember(['tunnel relays', id, tunnel.relays, last], endpoints),
  ];
}

function translateProbe(intercept: InterceptRoute, tunnel: Tunnel): EncodedResource[] {
  const { id, serverName } = intercept;
  const cluster = () => ({
    ...encode('cluster', ClusterSchema, buildProbeCluster(intercept, tunnel)),
    endpoints: [probeName(id)],
  });
  const endpoints = () => encode('endpoint', ClusterLoadAssignmentSchema, buildProbeEndpoints(intercept, tunnel));
  return [
    remember(['probe', id, serverName, tunnel.peerName], cluster),
    remember(['probe relays', id, tunnel.relays], endpoints),
  ];
}

function translateGate(podIp: string, gate: Gate): EncodedResource[] {
  return [
    remember(['gate cluster'], () => encode('cluster', ClusterSchema, buildGateCluster())),
    remember(['gate', podIp, gate], () => encode('listener', ListenerSchema, buildGateListener(podIp, gate))),
  ];
}

/** By the object, so that no private key outlives it. */
const secretsOf = new WeakMap<AgentCredentials, EncodedResource[]>();

function translateCredentials(credentials: AgentCredentials): EncodedResource[] {
  const known = secretsOf.get(credentials);
  if (known !== undefined) return known;
  const secrets = [
    encode('secret', SecretSchema, buildAgentSecret(credentials)),
    remember(['authority', credentials.authority], () =>
      encode('secret', SecretSchema, buildAuthoritySecret(credentials)),
    ),
  ];
  secretsOf.set(credentials, secrets);
  return secrets;
}

function withoutIntercepts({ gate: _, ...config }: AgentConfig): AgentConfig {
  return { ...config, ports: config.ports.map((port) => ({ ...port, intercepts: [] })) };
}

/** Enough for everything of 2,000 agents, about 1 kB each. */
const memo = createMemo<EncodedResource>(16_384);

/** `parts`: all that the resource is made of. */
function remember(parts: readonly unknown[], make: () => EncodedResource): EncodedResource {
  return memo(JSON.stringify(parts), make);
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
