// The key by which volume servers in pods know this laptop. A session process has one, which is kept beside the files
// until they end, so that the next process gets into servers that run.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

export type VolumeKey = {
  readonly privateKey: KeyObject;
  /** As the server takes it. */
  readonly publicKey: string;
};

/** `saved`: what `saveVolumeKey` made. */
export function openVolumeKey(saved?: string): VolumeKey {
  const privateKey =
    saved === undefined
      ? generateKeyPairSync('ed25519').privateKey
      : createPrivateKey({ key: Buffer.from(saved, 'base64'), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
  return { privateKey, publicKey };
}

export function saveVolumeKey({ privateKey }: VolumeKey): string {
  return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
}
