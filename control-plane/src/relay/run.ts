// Puts the relay together and takes it apart in an order that fails no request.

import { getServers } from 'node:dns';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KubernetesClient } from '../kubernetes/index.ts';
import { createAdminServer } from '../process/index.ts';
import { createMemoryBudget, OUTBOUND_PATH, TUNNEL_PATH } from '../protocol/index.ts';
import { aborted } from '../waiting/index.ts';
import { createAgentServer } from './accept-agents.ts';
import { createLaptopServer, type LaptopServerOptions } from './accept-laptops.ts';
import { createControlPlane } from './ask-control-plane.ts';
import type { RelayConfig } from './config.ts';
import { createExits, type Exits } from './exits.ts';
import { createLeases } from './leases.ts';
import { MAX_HELD_BYTES, MAX_UNPROVEN_PER_ADDRESS } from './limits.ts';
import { createMetrics } from './metrics.ts';
import { createDialOut, type MayDial } from './outbound/dial-out.ts';
import { createOutboundTunnels } from './outbound/outbound-tunnels.ts';
import { createOwnCertificate, type OwnCertificateOptions } from './own-certificate.ts';
import { createProofChecker } from './proofs.ts';
import { createReach } from './reach.ts';
import { createSessionKeys } from './session-keys.ts';
import { createSessionRegistry } from './session-registry.ts';

/** A burst of agents opening all their connections at once must find room in the kernel's queue. */
const BACKLOG = 4096;
/** The API server may be away while the relay ends; its Leases then run out by themselves. */
const RELEASE_LIMIT_MS = 5000;
const LOOPBACK = '127.0.0.1';

export type RunningRelay = {
  /** The ports that were bound, for configurations with port 0. */
  ports: { agent: number; laptop: number; proxy: number; direct?: number; admin: number };
  /** Resolves when the relay has ended after the signal. */
  done: Promise<void>;
};

/** Resolves when all ports are bound. On the signal: leave the endpoints of agents, let connections end, end. */
export async function startRelay(
  config: RelayConfig,
  {
    client,
    log,
    signal,
    mayDial,
    findAgents,
    askCertificate,
    now = Date.now,
  }: {
    client: KubernetesClient;
    log: Logger;
    signal: AbortSignal;
    mayDial?: MayDial;
    findAgents?: Exits['find'];
    askCertificate?: OwnCertificateOptions['ask'];
    now?: () => number;
  },
): Promise<RunningRelay> {
  const metrics = createMetrics();
  const pod = { name: config.podName, namespace: config.podNamespace, uid: config.podUid };

  // Leases say which tunnels are here; they follow the registry.
  const leases = createLeases({
    client,
    pod,
    now,
    onTrouble: (session, err) => log.warn({ session, err }, 'lease could not be written'),
  });

  // What waits for a slow agent, laptop or service, all together.
  const memory = createMemoryBudget(MAX_HELD_BYTES);

  // The registry holds the tunnels of laptops.
  const sessions = createSessionRegistry({
    memory,
    onUp(session) {
      log.info({ session }, 'tunnel up');
      metrics.tunnels.inc();
      leases.hold(session);
    },
    onDown(session, err) {
      log.info({ session, err }, 'tunnel down');
      metrics.tunnels.dec();
      leases.release(session);
    },
  });

  // Session objects say whose key opens which tunnel.
  const keys = createSessionKeys({
    client,
    namespace: pod.namespace,
    onGone(session) {
      sessions.end(session);
      outbound.end(session);
      reach.forget(session);
      exits.forget(session);
    },
    onTrouble: (err) => log.warn({ err }, 'watch of sessions interrupted'),
  });

  // The control plane says what a session may dial.
  const controlPlane = createControlPlane({ ...config.controlPlane, authorityOf: keys.authorityOf, now });
  const reach = createReach({
    ask: controlPlane.ask,
    allow: config.allow,
    own: Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address)),
    now,
    onTrouble: (err) => log.warn({ err }, 'what a session may dial cannot be asked'),
  });

  // And by which agents, where connections are to leave from a workload's pods.
  const exits = createExits({
    ask: controlPlane.askExit,
    now,
    onTrouble: (err) => log.warn({ err }, 'by which agents connections may leave cannot be asked'),
  });

  // The laptops' own connections into the cluster.
  const outbound = createOutboundTunnels(
    createDialOut({
      mayDial: mayDial ?? reach.mayDial,
      findAgents: findAgents ?? exits.find,
      nameServers: getServers(),
      onDialed: metrics.countDial,
    }),
    { memory, onTrouble: (session, err) => log.error({ session, err }, 'a laptop could not be served') },
  );

  const laptopOptions: LaptopServerOptions = {
    proofs: createProofChecker({ relay: pod.name, findKey: (session) => keys.find(session), now }),
    tunnels: { [TUNNEL_PATH]: sessions.add },
    onRefused(err) {
      // Counted below; a line each would let anybody fill the log.
      log.debug({ err }, 'tunnel refused');
      metrics.countRefusal(err.code);
    },
  };
  // What leaves a laptop is not encrypted inside its tunnel: only a port-forward and TLS, which end in this pod, carry it.
  const tunnels = { ...laptopOptions.tunnels, [OUTBOUND_PATH]: outbound.add };
  const laptops = createLaptopServer({ ...laptopOptions, tunnels });
  const proxied = createLaptopServer({ ...laptopOptions, maxUnprovenPerAddress: MAX_UNPROVEN_PER_ADDRESS });
  const direct = createLaptopServer({
    ...laptopOptions,
    tunnels,
    maxUnprovenPerAddress: MAX_UNPROVEN_PER_ADDRESS,
    tlsContext: createOwnCertificate({
      authority: () => keys.authority,
      ask: askCertificate ?? controlPlane.askCertificate,
      now,
      onTrouble: (err) => log.warn({ err }, 'laptops that come without the API server find no certificate'),
    }),
  });
  const laptopServers = config.directPort === undefined ? [laptops, proxied] : [laptops, proxied, direct];

  const agents = createAgentServer({
    sessions,
    onOpen: () => metrics.connections.inc(),
    onEnd(result) {
      metrics.countAgent(result);
      if (result === 'whole' || result === 'reset') metrics.connections.dec();
    },
  });

  const admin = createAdminServer({
    registry: metrics.registry,
    isReady: () => keys.isListed && [agents, ...laptopServers].every(({ listening }) => listening) && !signal.aborted,
    onTrouble: (err) => log.error({ err }, 'a question to the admin port failed'),
  });

  const ending = new AbortController();
  const watching = keys.run(ending.signal);
  const listenAll = async () => ({
    admin: await listen(admin, config.adminPort),
    laptop: await listen(laptops, config.laptopPort, LOOPBACK),
    proxy: await listen(proxied, config.proxyPort),
    ...(config.directPort === undefined ? {} : { direct: await listen(direct, config.directPort) }),
    agent: await listen(agents, config.agentPort),
  });
  const ports = await listenAll().catch((error: unknown) => {
    // Else what listens and watches already would keep the process alive, for nothing.
    ending.abort();
    for (const server of [admin, ...laptopServers, agents]) server.close();
    throw error;
  });
  log.info(ports, 'relay listening');

  async function end(): Promise<void> {
    await aborted(signal);
    log.info('leaving');
    for (const server of laptopServers) server.close();
    // First out of the agents' endpoints; while the news travels, their connections are still served.
    await Promise.all([leases.close(RELEASE_LIMIT_MS), delay(config.leaveDelayMs)]);
    agents.close();
    await Promise.all([sessions.close(config.drainMs), outbound.close(config.drainMs)]);
    ending.abort();
    await watching;
    controlPlane.close();
    admin.close();
    admin.closeAllConnections();
    for (const server of laptopServers) server.closeAllConnections();
    log.info('ended');
  }
  return { ports, done: end() };
}

async function listen(server: Server, port: number, host?: string): Promise<number> {
  server.listen({ port, host, backlog: BACKLOG });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
