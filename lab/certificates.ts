// Makes the lab's certificate authorities and certificates, as PEM files with their keys beside them.

// The certificate library refuses to load without this one before it.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const TEN_YEARS_MS = 10 * 365 * 24 * 3600 * 1000;

export type Authority = { readonly certificate: x509.X509Certificate; readonly key: webcrypto.CryptoKey };
export type SubjectNames = x509.JsonGeneralNames;
export type Subject = {
  /** Such as `O=developers, CN=alice`; the API server takes O for a group. */
  readonly name: string;
  readonly usage: 'clientAuth' | 'serverAuth';
  /** Names and addresses of a server. */
  readonly names?: SubjectNames;
};

/** A certificate authority in `<folder>/<file>.crt` and `.key`. */
export async function createAuthority(folder: string, file: string, name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const usage = x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(usage, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writePair(folder, file, certificate, keys.privateKey);
  return { certificate, key: keys.privateKey };
}

/** A key and its certificate in `<folder>/<file>.crt` and `.key`. */
export async function issue(folder: string, ca: Authority, file: string, subject: Subject): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    subject: subject.name,
    issuer: ca.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: ca.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[subject.usage]]),
      await x509.AuthorityKeyIdentifierExtension.create(ca.certificate),
      ...(subject.names ? [new x509.SubjectAlternativeNameExtension(subject.names)] : []),
    ],
  });
  await writePair(folder, file, certificate, keys.privateKey);
}

function validity() {
  const notBefore = new Date(Date.now() - 60_000);
  // A leading zero bit keeps the number positive.
  const serial = randomBytes(8);
  serial.writeUInt8(serial.readUInt8(0) & 0x7f, 0);
  return { serialNumber: serial.toString('hex'), notBefore, notAfter: new Date(notBefore.getTime() + TEN_YEARS_MS) };
}

async function writePair(folder: string, file: string, certificate: x509.X509Certificate, key: webcrypto.CryptoKey) {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  await writeFile(join(folder, `${file}.crt`), `${certificate.toString('pem')}\n`);
  const pem = `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`;
  await writeFile(join(folder, `${file}.key`), pem, { mode: 0o600 });
}
