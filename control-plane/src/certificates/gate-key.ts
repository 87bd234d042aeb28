// The key from which the secrets of agents' gates are made. It follows from the authority's own, so that all replicas have
// the same; HKDF (RFC 5869) keeps it from telling anything of that one.

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** As long as the hash: more would be of no use (RFC 2104 section 3). */
const KEY_BYTES = 32;

/** `privateKey`: PEM of the authority's key. */
export function deriveGateKey(privateKey: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', privateKey, '', 'kubectl-tp gate', KEY_BYTES)));
}
