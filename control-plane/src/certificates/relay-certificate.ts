// The certificate of a relay, by which laptops know it that come without the API server. The relay keeps its key.

import { buildRelayId } from '../protocol/index.ts';
import type { CertificateAnswer } from '../reach/question.ts';
import type { Authority } from './authority.ts';
import { CERTIFICATE_LIFETIME_MS, issueCertificate, renewalTime } from './issue.ts';
import { parsePublicKey } from './keys.ts';

/** `relay`: name of its pod. Throws PUBLIC_KEY_INVALID. */
export async function issueRelayCertificate(
  authority: Authority,
  { relay, publicKey, nowMs }: { readonly relay: string; readonly publicKey: string; readonly nowMs: number },
): Promise<CertificateAnswer> {
  const certificate = await issueCertificate(authority, {
    publicKey: await parsePublicKey(publicKey),
    uris: [buildRelayId(relay)],
    usages: ['server'],
    nowMs,
  });
  return { certificate, renewAtMs: renewalTime(nowMs, nowMs + CERTIFICATE_LIFETIME_MS) };
}
