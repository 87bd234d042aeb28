// The certificate of a session's laptop: made from the public key in the Session, handed over in its status.

import type { Session } from '../api/index.ts';
import { buildSessionId, sessionName } from '../protocol/index.ts';
import type { Authority } from './authority.ts';
import { CERTIFICATE_LIFETIME_MS, issueCertificate, renewalTime } from './issue.ts';
import { parsePublicKey } from './keys.ts';

export type SessionCertificate = {
  readonly certificate: string;
  readonly authority: string;
  readonly certificateExpiresAt: string;
};

/** Throws PUBLIC_KEY_INVALID. */
export async function issueSessionCertificate(
  authority: Authority,
  session: Session,
  nowMs: number,
): Promise<SessionCertificate> {
  const { name } = session.metadata;
  const certificate = await issueCertificate(authority, {
    publicKey: await parsePublicKey(session.spec.publicKey),
    dnsNames: [sessionName(name)],
    uris: [buildSessionId(name)],
    // Client: of agents, where connections of the laptop leave from their pods.
    usages: ['server', 'client'],
    nowMs,
  });
  return {
    certificate,
    authority: authority.bundle,
    certificateExpiresAt: new Date(nowMs + CERTIFICATE_LIFETIME_MS).toISOString(),
  };
}

/** When the session's certificate is to be made anew: now (0) if it has none or one of another authority. */
export function sessionRenewalTime({ status }: Session, { bundle }: Authority): number {
  const expiresMs = Date.parse(status?.certificateExpiresAt ?? '');
  if (status?.certificate === undefined || status.authority !== bundle || Number.isNaN(expiresMs)) return 0;
  return renewalTime(expiresMs - CERTIFICATE_LIFETIME_MS, expiresMs);
}
