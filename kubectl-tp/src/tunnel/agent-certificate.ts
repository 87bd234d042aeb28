// Whether the certificate at the other end of a connection is that of an agent. Node leaves the judgement of a client's
// certificate on a TLSSocket of our own making to us: OpenSSL proves only that the peer holds the private key.

import { X509Certificate } from 'node:crypto';
import { type AgentIdentity, parseAgentId } from '@kubectl-tp/control-plane/protocol';

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** Agents of one laptop; more means that certificates were renewed, and old ones may be checked again. */
const MAX_REMEMBERED = 4096;

/** The agent a certificate was issued to, undefined if it is not one; `nowMs` is the laptop's clock. */
export type AgentVerifier = (certificate: X509Certificate, nowMs: number) => AgentIdentity | undefined;

/** `authority`: PEM of one or more certificates (two while the authority is replaced), each may have issued agents'. */
export function createAgentVerifier(authority: string): AgentVerifier {
  const authorities = (authority.match(PEM_CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem));
  /** A signature is checked once per certificate; only time can change the answer. */
  const known = new Map<string, AgentIdentity>();

  return (certificate, nowMs) => {
    if (!isValidAt(certificate, nowMs)) return undefined;
    const remembered = known.get(certificate.fingerprint256);
    if (remembered !== undefined) return remembered;
    const issuer = authorities.find((candidate) => isIssuedBy(certificate, candidate) && isValidAt(candidate, nowMs));
    const identity = issuer === undefined ? undefined : identityOf(certificate);
    if (known.size >= MAX_REMEMBERED) known.clear();
    if (identity !== undefined) known.set(certificate.fingerprint256, identity);
    return identity;
  };
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
}

/** Exactly one URI, and it names a pod. Node quotes names that contain separators; those match nothing here. */
function identityOf(certificate: X509Certificate): AgentIdentity | undefined {
  const usages: readonly string[] = certificate.keyUsage ?? [];
  if (certificate.ca || !usages.includes(CLIENT_AUTHENTICATION)) return undefined;
  const uris = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:'));
  const [uri] = uris;
  return uri !== undefined && uris.length === 1 ? parseAgentId(uri.slice('URI:'.length)) : undefined;
}
