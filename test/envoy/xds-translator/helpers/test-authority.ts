// The authority of a test cluster: one root, and certificates for laptops, agents and the control plane.

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const VALIDITY = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };

export type Issued = { readonly certificateChain: string; readonly privateKey: string };
export type SubjectName = { readonly type: 'dns' | 'url'; readonly value: string };
export type TestAuthority = { readonly pem: string; issue(subject: SubjectName): Promise<Issued> };

export async function createTestAuthority(): Promise<TestAuthority> {
  const keys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=tp test authority',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    ...VALIDITY,
  });
  return { pem: root.toString('pem'), issue: (subject) => issue(subject, root, keys.privateKey) };
}

async function issue(
  subject: SubjectName,
  root: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
): Promise<Issued> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=test',
    issuer: root.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([subject])],
    ...VALIDITY,
  });
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificateChain: certificate.toString('pem'),
    privateKey: x509.PemConverter.encode(privateKey, 'PRIVATE KEY'),
  };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}
