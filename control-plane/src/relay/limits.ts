// How much one party may ask of a relay.

/** Header bytes of a tunnel request; a proof has about 400. */
export const MAX_REQUEST_HEADER_BYTES = 8 << 10;
/** Time for a tunnel request to arrive whole. */
export const REQUEST_TIMEOUT_MS = 5000;
/** Connections to the laptop port that have not proven a session: a laptop needs one at a time. */
export const MAX_UNPROVEN_LAPTOPS = 256;
/** The same, from one address, which is the API server's for all laptops behind it: a proof comes with the request. */
export const MAX_UNPROVEN_PER_ADDRESS = 64;
/** Connections to the agent port that have sent no ClientHello yet: a burst of every agent at once still fits. */
export const MAX_UNKNOWN_AGENTS = 4096;
/** The same, from one pod: a burst of its callers becomes as many connections at once. */
export const MAX_UNKNOWN_PER_ADDRESS = 1024;
/** Data of all tunnels that waits for a slow agent or a slow laptop; half of what the chart gives a relay. */
export const MAX_HELD_BYTES = 256 << 20;
/** Connections of agents inside one session's tunnel; each may cost a window's memory. */
export const MAX_CONNECTIONS_PER_SESSION = 4096;
/** The same, from one pod: others still get through. */
export const MAX_CONNECTIONS_PER_ADDRESS = 2048;
/** Tunnels of one session that still carry connections: the newest and those it has replaced. */
export const MAX_TUNNELS_PER_SESSION = 4;
/** Connections, datagram flows and resolver streams of one session into the cluster: a load test from a laptop fits. */
export const MAX_OUTBOUND_STREAMS = 16_384;
/** Outbound tunnels of one session: the newest, and those of a laptop that has just come back. */
export const MAX_OUTBOUND_TUNNELS = 4;
