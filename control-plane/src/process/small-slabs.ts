// The slabs that Node cuts small buffers out of.

/**
 * Node's own are 64 KiB, and a slab lives as long as the smallest piece of it. Each TLS connection of a server keeps a
 * copy of the names of its protocols, some twelve bytes, and with them a slab: 2,000 connections of agents kept 53 MB.
 */
const SLAB_BYTES = 8 << 10;

/** For a process with many connections that last; to be called before it opens any. */
export function useSmallSlabs(): void {
  Buffer.poolSize = SLAB_BYTES;
}
