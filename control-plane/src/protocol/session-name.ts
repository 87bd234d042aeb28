// Keys of Sessions and the names made of them: something a person recognises, and a hash of the public key. So a name
// can't be taken over by another key, not even when the session is gone and its intercepts are still being removed.

import { createHash, createPublicKey } from 'node:crypto';

/** 80 bits of SHA-256: nobody makes so many keys to find another one for a name. */
const HASH_CHARACTERS = 20;

/** PEM of an EC P-256 public key, and of nothing else: not a private key or a certificate that one could be taken from. */
export function isSessionKey(pem: string): boolean {
  if (!pem.startsWith('-----BEGIN PUBLIC KEY-----')) return false;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false; // not a key at all
  }
}

/** `prefix` is a DNS label of at most 42 characters, so that the name is one, too. Throws for what is no public key. */
export function sessionNameFor(prefix: string, publicKeyPem: string): string {
  return `${prefix}-${hashKey(publicKeyPem)}`;
}

/** Throws for what is no public key. */
export function isSessionNameOf(name: string, publicKeyPem: string): boolean {
  return name.endsWith(`-${hashKey(publicKeyPem)}`);
}

/** Of the key itself: its PEM may be written in several ways. */
function hashKey(publicKeyPem: string): string {
  const der = createPublicKey(publicKeyPem).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, HASH_CHARACTERS);
}
