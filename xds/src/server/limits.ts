// Limits and times of the discovery server, in one place.

/** A first request of an agent is about 61 kB, as Envoy lists its extensions; a resumed one adds what it holds. */
export const MAX_REQUEST_BYTES = 1 << 20;
/** Names asked for and held on one stream, all types together; an agent needs some tens. */
export const MAX_NAMES_PER_STREAM = 10_000;
/** ADS needs one stream per connection; a few more let an agent open its new one before the old one has gone. */
export const MAX_STREAMS_PER_CONNECTION = 4;
/** From the stream's start to its first request. */
export const FIRST_REQUEST_TIMEOUT_MS = 10_000;
/** A node that vanished without a FIN is noticed after the sum of these. */
export const KEEPALIVE_INTERVAL_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;
/** How long a closing server waits for its agents to take note and go. */
export const CLOSE_GRACE_MS = 2_000;
