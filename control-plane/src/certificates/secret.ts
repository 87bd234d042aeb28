// Secrets that hold certificates, as text.

import { SECRETS } from '../api/index.ts';
import { isNotFound, type KubernetesClient, type KubernetesObject, type ObjectRef } from '../kubernetes/index.ts';

export type SecretObject = KubernetesObject & { type?: string; data?: Record<string, string> };
export type SecretTexts = Readonly<Record<string, string>>;

/** Undefined if there is no such Secret. */
export async function readSecret(
  client: KubernetesClient,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<SecretTexts | undefined> {
  try {
    const { data = {} } = await client.get<SecretObject>(SECRETS, ref, { signal });
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function buildSecret({ name, namespace }: ObjectRef, type: string, texts: SecretTexts): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type, data: buildSecretData(texts) };
}

export function buildSecretData(texts: SecretTexts): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, encode(text)]));
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
