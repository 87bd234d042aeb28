// The gRPC server that agents connect to: TLS, limits, and the one method of Envoy's aggregated discovery service that
// we speak (delta). Its certificate can be renewed while it runs.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { XdsError } from '../errors.ts';
import type { AgentCall, ProvenAgent } from './agent-stream.ts';
import { createDiscoveryService, type DiscoveryServiceOptions } from './discovery-service.ts';
import * as limits from './limits.ts';
import { encodeResponse, parseAgentMessage } from './messages.ts';
import { createServerCredentials, type ServerIdentity } from './server-credentials.ts';
import { createUnprovenConnections } from './unproven-connections.ts';

export type DiscoveryServerOptions = DiscoveryServiceOptions & {
  readonly identity: ServerIdentity;
  readonly limits?: Partial<limits.DiscoveryLimits>;
};

export type DiscoveryServer = {
  /** Port 0 takes a free one; without `host` on all addresses of both families. Throws XDS_LISTEN_FAILED. */
  listen(port: number, host?: string): Promise<ServerAddress>;
  /** Where it listens; undefined before `listen` and after `close`. */
  readonly address: ServerAddress | undefined;
  /** New connections see the new certificate, open ones live on. */
  renewIdentity(identity: ServerIdentity): void;
  /** Ends the streams of agents for which `isCurrent` no longer stands. */
  endOutdated(isCurrent: (agent: ProvenAgent) => boolean): void;
  /** Tells every agent to go elsewhere (UNAVAILABLE and GOAWAY), waits a little, then cuts what is left. */
  close(): Promise<void>;
};

export type ServerAddress = { readonly host: string | undefined; readonly port: number };

const SERVICE = {
  deltaAggregatedResources: {
    path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    requestStream: true,
    responseStream: true,
    requestDeserialize: parseAgentMessage,
    responseSerialize: encodeResponse,
    // The other direction belongs to agents.
    requestSerialize: notSpokenHere,
    responseDeserialize: notSpokenHere,
  },
} as const;

export function createDiscoveryServer({ identity, ...options }: DiscoveryServerOptions): DiscoveryServer {
  const discoveryLimits = { ...limits.DISCOVERY_LIMITS, ...options.limits };
  const unproven = createUnprovenConnections(discoveryLimits);
  const service = createDiscoveryService({ ...options, limits: discoveryLimits, onProven: unproven.prove });
  const credentials = createServerCredentials(identity);
  const server = new grpc.Server(SERVER_OPTIONS);
  server.addService(SERVICE, { deltaAggregatedResources: (call: AgentCall) => service.serve(call) });
  // Connections are counted before TLS and gRPC spend anything on them.
  const connections = server.createConnectionInjector(credentials);
  const listener = createServer((socket) => {
    if (unproven.admit(socket)) connections.injectConnection(socket);
  });
  let address: ServerAddress | undefined;

  async function listen(port: number, host?: string): Promise<ServerAddress> {
    address = { host, port: await bind(listener, { host, port }) };
    return address;
  }

  async function close(): Promise<void> {
    address = undefined;
    listener.close();
    service.endAll('closing');
    await shutDown(server);
  }

  return {
    listen,
    close,
    endOutdated: service.endOutdated,
    renewIdentity: (renewed) => credentials.renew(renewed),
    get address() {
      return address;
    },
  };
}

const SERVER_OPTIONS: grpc.ServerOptions = {
  'grpc.max_receive_message_length': limits.MAX_REQUEST_BYTES,
  'grpc.max_concurrent_streams': limits.MAX_STREAMS_PER_CONNECTION,
  'grpc.max_connection_idle_ms': limits.IDLE_CONNECTION_MS,
  'grpc.keepalive_time_ms': limits.KEEPALIVE_INTERVAL_MS,
  'grpc.keepalive_timeout_ms': limits.KEEPALIVE_TIMEOUT_MS,
  // Channelz keeps a record of each connection that nobody reads here.
  'grpc.enable_channelz': 0,
};

async function bind(listener: Server, at: ServerAddress): Promise<number> {
  try {
    await once(listener.listen(at), 'listening');
  } catch (cause) {
    const hint = 'Is another process on that port? Does the host have that address?';
    const message = `the discovery server can't listen on ${at.host ?? 'any address'} port ${at.port}`;
    throw new XdsError('XDS_LISTEN_FAILED', message, { hint, cause });
  }
  return (listener.address() as AddressInfo).port;
}

function shutDown(server: grpc.Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), limits.CLOSE_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function notSpokenHere(): never {
  throw new Error('a discovery server neither sends requests nor reads responses');
}
