// Signs one certificate. What it says is the caller's decision; how long it counts and how it is renewed is here.

import { type Authority, CLOCK_TOLERANCE_MS } from './authority.ts';
import { type CryptoKey, exportPrivateKey, generateKeys } from './keys.ts';
import * as x509 from './x509.ts';

/** Agents and sessions: short enough that a stolen one soon is worthless. */
export const CERTIFICATE_LIFETIME_MS = 24 * 3600_000;

export type CertificateRequest = {
  readonly publicKey: CryptoKey;
  /** Subject alternative names; the subject itself stays empty. */
  readonly dnsNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly usages: readonly ('client' | 'server')[];
  readonly nowMs: number;
  readonly lifetimeMs?: number;
};

const USAGES = {
  client: x509.ExtendedKeyUsage.clientAuth,
  server: x509.ExtendedKeyUsage.serverAuth,
};

/** PEM of the certificate. */
export async function issueCertificate(authority: Authority, request: CertificateRequest): Promise<string> {
  const { publicKey, nowMs, lifetimeMs = CERTIFICATE_LIFETIME_MS } = request;
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: authority.certificate.subject,
    publicKey,
    signingKey: authority.signingKey,
    signingAlgorithm: x509.KEY_ALGORITHM,
    notBefore: new Date(nowMs - CLOCK_TOLERANCE_MS),
    notAfter: new Date(nowMs + lifetimeMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => USAGES[usage])),
      // Critical, as RFC 5280 4.1.2.6 asks for when the subject is empty.
      new x509.SubjectAlternativeNameExtension(alternativeNames(request), true),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

export type KeyedCertificate = {
  readonly certificate: string;
  readonly privateKey: string;
  readonly renewAtMs: number;
};

/** A certificate with a new key of its own. */
export async function issueKeyedCertificate(
  authority: Authority,
  request: Omit<CertificateRequest, 'publicKey'>,
): Promise<KeyedCertificate> {
  const keys = await generateKeys();
  return {
    certificate: await issueCertificate(authority, { ...request, publicKey: keys.publicKey }),
    privateKey: await exportPrivateKey(keys.privateKey),
    renewAtMs: renewalTime(request.nowMs, request.nowMs + (request.lifetimeMs ?? CERTIFICATE_LIFETIME_MS)),
  };
}

/** After two thirds of the lifetime, which leaves the last third for trouble. */
export function renewalTime(fromMs: number, untilMs: number): number {
  return fromMs + ((untilMs - fromMs) * 2) / 3;
}

function alternativeNames({ dnsNames = [], uris = [] }: CertificateRequest): x509.JsonGeneralNames {
  return [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...uris.map((value) => ({ type: 'url' as const, value })),
  ];
}
