// EC P-256 keys as PEM and as WebCrypto keys.

import { createPrivateKey, createPublicKey, type webcrypto } from 'node:crypto';
import { ControlPlaneError } from '../errors.ts';
import { isSessionKey } from '../protocol/index.ts';
import { KEY_ALGORITHM } from './x509.ts';

export type CryptoKey = webcrypto.CryptoKey;
export type KeyPair = { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };

export async function generateKeys(): Promise<KeyPair> {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

export async function exportPrivateKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

export async function importPrivateKey(pem: string): Promise<CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), KEY_ALGORITHM, false, ['sign']);
}

/** The key of a session. Throws PUBLIC_KEY_INVALID for anything but PEM of an EC P-256 public key. */
export async function parsePublicKey(pem: string): Promise<CryptoKey> {
  if (!isSessionKey(pem)) {
    throw new ControlPlaneError('PUBLIC_KEY_INVALID', 'The public key is not PEM of an EC P-256 key.');
  }
  const der = createPublicKey(pem).export({ format: 'der', type: 'spki' });
  return crypto.subtle.importKey('spki', new Uint8Array(der), KEY_ALGORITHM, true, ['verify']);
}
