// The laptop's tunnels: one to each relay, so that any relay may end and agents still reach the laptop. The caller says
// which relays there are and how to reach them; everything else happens here.

import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { createMemoryBudget, createWaitingRoom } from '@kubectl-tp/control-plane/protocol';
import { type AgentConnection, acceptAgent, type LookUpTarget } from './accept-agent.ts';
import { createRelayConnector, type RelayWays } from './connect-relay.ts';
import { keepTunnel } from './keep-tunnel.ts';
import { createTlsIdentity, type TunnelCertificate } from './tls-identity.ts';
import { createTunnelSet, type TunnelSet } from './tunnel-set.ts';
import type { TunnelState } from './tunnel-state.ts';

/** Requests on their way when the laptop leaves may take this long; idle connections of agents end earlier. */
const DRAIN_MS = 5000;
/** Data that waits for a slow application or a slow link. */
const MAX_HELD_BYTES = 128 << 20;
/**
 * Connections whose TLS is not done yet. Most hold one of the local application, too, and anybody in the cluster can
 * begin one.
 */
const MAX_UNFINISHED_AGENTS = 1024;

export type Probe = { namespace: string; intercept: string; pod: string };

export type TunnelsOptions = RelayWays & {
  /** Name of the Session object. */
  session: string;
  /** The session's private key. */
  proofKey: KeyObject;
  /** The newest certificate; asked for each connection. */
  certificate: () => TunnelCertificate;
  /** Where an intercept's requests go on this laptop; undefined = it is not ours (any more). */
  lookup: LookUpTarget;
  /** An agent has shown that it reaches this laptop for an intercept. */
  onProbe?: (probe: Probe) => void;
  /** Every connection of an agent, probes included, with what became of it. */
  onConnection?: (connection: AgentConnection) => void;
  onState?: (relay: string, state: TunnelState) => void;
  drainMs?: number;
  /** Connections of agents whose TLS is not done yet. */
  maxUnfinished?: number;
};

export type Tunnels = TunnelSet;

export function createTunnels(options: TunnelsOptions): Tunnels {
  const {
    session,
    proofKey,
    onProbe,
    onConnection,
    onState,
    drainMs = DRAIN_MS,
    maxUnfinished = MAX_UNFINISHED_AGENTS,
  } = options;
  const accept = {
    session,
    identity: createTlsIdentity(options.certificate),
    lookup: options.lookup,
    onConnection(connection: AgentConnection) {
      const { namespace, intercept, pod, outcome } = connection;
      onConnection?.(connection);
      if (outcome === 'probe' && pod !== undefined) onProbe?.({ namespace, intercept, pod });
    },
  };

  const connector = createRelayConnector(options, { session, key: proofKey });
  const memory = createMemoryBudget(MAX_HELD_BYTES);
  const unfinished = createWaitingRoom<Duplex>(maxUnfinished, (stream) => stream.destroy());

  function serve(stream: Duplex): void {
    unfinished.enter(stream);
    acceptAgent(stream, accept)
      .catch((error: Error) => stream.destroy(error))
      .finally(() => unfinished.leave(stream));
  }

  return createTunnelSet({
    start: (relay) =>
      keepTunnel({
        relay,
        connector,
        role: 'acceptor',
        onStream: serve,
        memory,
        onState: (state) => onState?.(relay, state),
      }),
    drainMs,
  });
}
