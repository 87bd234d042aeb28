// The parts of the relay and how they hang together. Nothing listens yet.

import { getServers } from 'node:dns';
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import type { KubernetesClient } from '../kubernetes/index.ts';
import { createMemoryBudget, OUTBOUND_PATH, TUNNEL_PATH } from '../protocol/index.ts';
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

export type PartsOptions = {
  readonly client: KubernetesClient;
  readonly log: Logger;
  /** In the control plane's place, which is asked otherwise. */
  readonly mayDial?: MayDial;
  readonly findAgents?: Exits['find'];
  readonly askCertificate?: OwnCertificateOptions['ask'];
  readonly now: () => number;
};

export function createParts(config: RelayConfig, options: PartsOptions) {
  const { client, log, mayDial, findAgents, askCertificate, now } = options;
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
  const agents = createAgentServer({
    sessions,
    onOpen: () => metrics.connections.inc(),
    onEnd(result) {
      metrics.countAgent(result);
      if (result === 'whole' || result === 'reset') metrics.connections.dec();
    },
  });

  return { metrics, leases, sessions, keys, controlPlane, outbound, laptops, proxied, direct, agents };
}
