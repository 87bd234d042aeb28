// The certificate under which this replica serves agents: in memory only, made at the start and renewed while it runs.

import { CONTROL_PLANE_SERVICE } from '../api/index.ts';
import { waitFor } from '../waiting/index.ts';
import type { Authority } from './authority.ts';
import { issueKeyedCertificate, type KeyedCertificate } from './issue.ts';

export type ServingCertificateOptions = {
  readonly authority: Authority;
  readonly namespace: string;
  readonly now: () => number;
};

export function issueServingCertificate(options: ServingCertificateOptions): Promise<KeyedCertificate> {
  const { authority, namespace, now } = options;
  const dnsNames = [`${CONTROL_PLANE_SERVICE}.${namespace}.svc`];
  return issueKeyedCertificate(authority, { dnsNames, usages: ['server'], nowMs: now() });
}

/** Hands out a new one in time, until the signal is aborted. */
export async function renewServingCertificate(
  first: KeyedCertificate,
  onRenewed: (certificate: KeyedCertificate) => void,
  { signal, ...options }: ServingCertificateOptions & { signal: AbortSignal },
): Promise<void> {
  let { renewAtMs } = first;
  while (!signal.aborted) {
    await waitFor(renewAtMs - options.now(), signal);
    if (signal.aborted) return;
    const renewed = await issueServingCertificate(options);
    onRenewed(renewed);
    renewAtMs = renewed.renewAtMs;
  }
}
