// Limits and times of the discovery server, in one place.

/** A first request of an agent is about 61 kB, as Envoy lists its extensions; a resumed one adds what it holds. */
export const MAX_REQUEST_BYTES = 1 << 20;
/** Names that one stream keeps us busy with, all types together; an agent needs some tens. */
export const MAX_NAMES_PER_STREAM = 10_000;
/** ADS needs one stream per connection; a few more let an agent open its new one before the old one has gone. */
export const MAX_STREAMS_PER_CONNECTION = 4;
/** A node that vanished without a FIN is noticed after the sum of these. */
export const KEEPALIVE_INTERVAL_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;
/** A proven connection without any stream; an agent opens its next one within two seconds. */
export const IDLE_CONNECTION_MS = 60_000;
/** How long a closing server waits for its agents to take note and go. */
export const CLOSE_GRACE_MS = 2_000;

/** What tests make smaller. */
export type DiscoveryLimits = {
  /** Connections on which no token was proven yet, all together: thousands of agents may come back at once. */
  readonly maxUnprovenConnections: number;
  /** Of one address: where nodes masquerade, it stands for all pods of a node. */
  readonly maxUnprovenPerAddress: number;
  /** From a connection's start to a proven token on it. */
  readonly proofTimeoutMs: number;
  /** From a stream's start to its first request, the check of its token included. */
  readonly firstRequestTimeoutMs: number;
  /**
   * A token is checked when its stream begins, and kubelets renew tokens of an hour at 80% of it: so no stream outlives
   * the token it began with. Each stream has up to a tenth less, so that agents don't come back all at once.
   */
  readonly maxStreamAgeMs: number;
  /** How long a node whose stream has ended for its age counts as connected still; Envoy is back within two seconds. */
  readonly rejoinGraceMs: number;
};

export const DISCOVERY_LIMITS: DiscoveryLimits = {
  maxUnprovenConnections: 2048,
  maxUnprovenPerAddress: 256,
  proofTimeoutMs: 15_000,
  firstRequestTimeoutMs: 10_000,
  maxStreamAgeMs: 45 * 60_000,
  rejoinGraceMs: 10_000,
};
