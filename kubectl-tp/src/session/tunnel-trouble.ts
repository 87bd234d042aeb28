// Why this laptop reaches no relay, in words. Pure.

import type { TunnelStatus } from '../tunnel/tunnel-set.ts';

/** Undefined when it reaches one. */
export function tunnelTrouble(relays: readonly TunnelStatus[]): string | undefined {
  if (relays.some(({ state }) => state.name === 'up')) return undefined;
  if (relays.length === 0) return 'no relay pod is ready';
  const reasons = relays.map(({ state }) => (state.name === 'waiting' ? state.error.message : 'connecting'));
  return [...new Set(reasons)].join('; ');
}
