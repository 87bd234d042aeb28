// Envoy's command line in an agent's container.

import type { JsonObject } from '@bufbuild/protobuf';

/** Threads that serve; each costs memory, and one does some 10,000 requests a second. */
const WORKERS = 2;
/**
 * Thirty days: a connection on a filter chain that was replaced lives until caller or application end it, or this long.
 * Envoy keeps such a chain for the whole time, some 15 kB each, so it must end somewhere.
 */
const DRAIN_TIME_SECONDS = 30 * 24 * 3600;

/** `bootstrap` is what `buildBootstrap` made. */
export function buildAgentArguments(bootstrap: JsonObject): string[] {
  return [
    ...['--config-yaml', JSON.stringify(bootstrap)],
    ...['--concurrency', String(WORKERS)],
    ...['--log-level', 'warning'],
    // Replaced HTTP connection managers tell their callers with the very next answer to connect anew.
    ...['--drain-strategy', 'immediate'],
    ...['--drain-time-s', String(DRAIN_TIME_SECONDS)],
    '--disable-hot-restart',
  ];
}
