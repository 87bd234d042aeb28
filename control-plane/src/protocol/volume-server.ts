// What a laptop and the volume server in a pod agree on: how the server is started, and how a connection begins. The
// server sends a nonce; the laptop sends one, too, and signs the server's; the server proves with both that it knows its
// secret, and SFTP follows. Everybody in the pod reaches the port or takes it first, and everybody who may read the pod
// sees how the server was started: neither is enough to get in, and the first not to pose as the server.

import { createHmac, createPublicKey, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';

/** In the working directory of our image. */
export const VOLUME_SERVER_PROGRAM = 'volume-server.mjs';

export type VolumeExport = {
  /** Where the whole volume is mounted in the server's container. */
  readonly folder: string;
  /** The only part of it that is served. */
  readonly subPath?: string;
  readonly isReadOnly: boolean;
};

export type VolumeServerConfig = {
  readonly port: number;
  /** Ed25519, DER (SubjectPublicKeyInfo), base64. */
  readonly publicKey: string;
  /** SECRET_BYTES, base64: other containers of the pod do not know it. */
  readonly secret: string;
  /** Served as the folders /0, /1, ... */
  readonly exports: readonly VolumeExport[];
};

export const NONCE_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const SECRET_BYTES = 32;
/** HMAC-SHA256 (RFC 2104). */
export const SERVER_PROOF_BYTES = 32;
/** What the session process tells who asks it for a connection. */
export const ACCEPTED = Buffer.of(1);

/** Of the server's nonce and the laptop's. */
export type Nonces = { readonly asked: Buffer; readonly answered: Buffer };

export function buildServerProof(
  { secret, port }: Pick<VolumeServerConfig, 'secret' | 'port'>,
  nonces: Nonces,
): Buffer {
  const hmac = createHmac('sha256', Buffer.from(secret, 'base64'));
  return hmac.update(signedText(port, nonces.asked)).update(nonces.answered).digest();
}

export function isServerProof(
  server: Pick<VolumeServerConfig, 'secret' | 'port'>,
  nonces: Nonces,
  proof: Buffer,
): boolean {
  return proof.length === SERVER_PROOF_BYTES && timingSafeEqual(proof, buildServerProof(server, nonces));
}

export function signVolumeNonce(key: KeyObject, port: number, nonce: Buffer): Buffer {
  return sign(null, signedText(port, nonce), key);
}

export function isVolumeProof({ publicKey, port }: VolumeServerConfig, nonce: Buffer, signature: Buffer): boolean {
  return verify(null, signedText(port, nonce), parseVolumeKey(publicKey), signature);
}

/** As the configuration has it. Throws what OpenSSL says. */
export function parseVolumeKey(publicKey: string): KeyObject {
  return createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
}

/** With the port: who stands on another one can't pass the question of the true server on. */
function signedText(port: number, nonce: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`kubectl-tp volume server ${port}\n`), nonce]);
}
