// What a laptop and the volume server in a pod agree on: how the server is started, and how a connection begins. The
// server sends NONCE_BYTES; the laptop signs them; the server sends ACCEPTED, and SFTP follows. Everybody in the pod
// reaches the port, and everybody who may read the pod sees how the server was started: neither is enough to get in.

import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

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
  /** Served as the folders /0, /1, ... */
  readonly exports: readonly VolumeExport[];
};

export const NONCE_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const ACCEPTED = Buffer.of(1);

export function signVolumeNonce(key: KeyObject, port: number, nonce: Buffer): Buffer {
  return sign(null, signedText(port, nonce), key);
}

export function isVolumeProof({ publicKey, port }: VolumeServerConfig, nonce: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  return verify(null, signedText(port, nonce), key, signature);
}

/** With the port: who stands on another one can't pass the question of the true server on. */
function signedText(port: number, nonce: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`kubectl-tp volume server ${port}\n`), nonce]);
}
