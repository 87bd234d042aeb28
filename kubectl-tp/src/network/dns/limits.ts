// How much, how long: the limits of the resolver.

/** Glibc waits this long for an answer; one that comes later finds nobody. */
export const QUESTION_TIMEOUT_MS = 5000;
/** What a name that may be one of the cluster's or not waits for the cluster, so that the rest is left for the laptop. */
export const CLUSTER_FIRST_MS = 2000;
/** Questions under way to other resolvers; beyond, a program asks for random names. */
export const MAX_UNDER_WAY = 4096;
/** Pods come and go: what was true is believed no longer than this. CoreDNS gives its own names the same. */
export const MAX_POSITIVE_MS = 5000;
/** A Service that was missing is there the moment it is made; a search path is walked well within this. */
export const MAX_NEGATIVE_MS = 2000;
export const MIN_NEGATIVE_MS = 1000;
/** Answers live for seconds: more names than this in that time are a scan. */
export const MAX_CACHED_ANSWERS = 2048;
/** A headless Service with a thousand pods; with the limit above at most 32 MiB. */
export const MAX_CACHED_BYTES = 16 << 10;
/** What an answer over UDP may have where the question says nothing (RFC 1035, 4.2.1). */
export const PLAIN_UDP_BYTES = 512;
/** Datagrams that we take, as told to others: fits every path (RFC 9715). */
export const OUR_UDP_BYTES = 1232;
/** Questions at a time of one TCP connection; more wait in its buffers. */
export const MAX_PER_STREAM = 128;
/** A TCP connection without a question under way ends after this (RFC 7766, 6.2.3). */
export const STREAM_IDLE_MS = 10_000;
