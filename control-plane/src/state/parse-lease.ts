// Leases that relays keep for the tunnels they hold -> TunnelLease.

import { SESSION_LABEL } from '../api/index.ts';
import type { KubernetesObject } from '../kubernetes/types.ts';

export type RawLease = KubernetesObject & {
  spec?: { holderIdentity?: string; renewTime?: string; leaseDurationSeconds?: number };
};

export type TunnelLease = { readonly session: string; readonly relay: string; readonly expiresAtMs: number };

/** A Lease without times has expired already. */
export function parseTunnelLease({ metadata, spec }: RawLease): TunnelLease {
  const renewedMs = Date.parse(spec?.renewTime ?? '');
  return {
    session: metadata.labels?.[SESSION_LABEL] ?? '',
    relay: spec?.holderIdentity ?? '',
    expiresAtMs: Number.isNaN(renewedMs) ? 0 : renewedMs + (spec?.leaseDurationSeconds ?? 0) * 1000,
  };
}
