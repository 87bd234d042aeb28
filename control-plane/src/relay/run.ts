// Starts the relay and takes it apart in an order that fails no request.

import { once } from 'node:events';
import type { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdminServer } from '../process/index.ts';
import { aborted } from '../waiting/index.ts';
import type { RelayConfig } from './config.ts';
import { createParts, type PartsOptions } from './parts.ts';

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

export type RelayOptions = Omit<PartsOptions, 'now'> & {
  readonly signal: AbortSignal;
  readonly now?: () => number;
};

/** Resolves when all ports are bound. On the signal: leave the endpoints of agents, let connections end, end. */
export async function startRelay(config: RelayConfig, options: RelayOptions): Promise<RunningRelay> {
  const { log, signal, now = Date.now } = options;
  const parts = createParts(config, { ...options, now });
  const { metrics, leases, sessions, keys, controlPlane, outbound, laptops, proxied, direct, agents } = parts;
  const laptopServers = config.directPort === undefined ? [laptops, proxied] : [laptops, proxied, direct];

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
