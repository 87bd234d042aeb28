// The certificate authority of one install: it signs for agents, sessions, webhook and control plane.

import type { KeyObject } from 'node:crypto';
import { ControlPlaneError } from '../errors.ts';
import { deriveGateKey } from './gate-key.ts';
import { type CryptoKey, exportPrivateKey, generateKeys, importPrivateKey } from './keys.ts';
import * as x509 from './x509.ts';

const LIFETIME_MS = 10 * 365 * 24 * 3600_000;
/** Clocks of laptops and nodes may be behind ours. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

export type Authority = {
  /** All certificates that count as trusted, PEM; a second one is in it while the authority changes. */
  readonly bundle: string;
  /** The certificate that signs, the first of the bundle. */
  readonly certificate: x509.X509Certificate;
  readonly signingKey: CryptoKey;
  /** From it come the secrets of agents' gates. */
  readonly gateKey: KeyObject;
};

/** What the Secret holds. */
export type AuthorityPem = { readonly bundle: string; readonly privateKey: string };

export async function createAuthority(nowMs: number): Promise<AuthorityPem> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=kubectl-tp',
    keys,
    signingAlgorithm: x509.KEY_ALGORITHM,
    notBefore: new Date(nowMs - CLOCK_TOLERANCE_MS),
    notAfter: new Date(nowMs + LIFETIME_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { bundle: `${certificate.toString('pem')}\n`, privateKey: await exportPrivateKey(keys.privateKey) };
}

export async function parseAuthority({ bundle, privateKey }: AuthorityPem): Promise<Authority> {
  try {
    const signingKey = await importPrivateKey(privateKey);
    const certificate = new x509.X509Certificate(bundle);
    return { bundle, certificate, signingKey, gateKey: deriveGateKey(privateKey) };
  } catch (cause) {
    throw new ControlPlaneError('AUTHORITY_INVALID', 'The certificate authority in its Secret cannot be read.', {
      hint: 'Delete the Secret tp-authority and restart the control plane: it makes a new one, laptops reconnect',
      cause,
    });
  }
}
