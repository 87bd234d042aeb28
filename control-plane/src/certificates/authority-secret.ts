// The authority's place in the cluster: a Secret in the install namespace. The first process to come creates it.

import { AUTHORITY_SECRET, SECRETS } from '../api/index.ts';
import { isAlreadyExists, type KubernetesClient } from '../kubernetes/index.ts';
import { type Authority, createAuthority, parseAuthority } from './authority.ts';
import { buildSecret, readSecret, type SecretTexts } from './secret.ts';

type Options = { readonly namespace: string; readonly nowMs: number; readonly signal: AbortSignal };

/** Throws AUTHORITY_INVALID when the Secret is damaged. */
export async function loadAuthority(client: KubernetesClient, options: Options): Promise<Authority> {
  const ref = { namespace: options.namespace, name: AUTHORITY_SECRET };
  const texts = (await readSecret(client, ref, options.signal)) ?? (await create(client, options));
  return parseAuthority({ bundle: texts['ca.crt'] ?? '', privateKey: texts['ca.key'] ?? '' });
}

/** Creating is atomic: of two replicas that start together one wins, and the other reads what the winner made. */
async function create(client: KubernetesClient, { namespace, nowMs, signal }: Options): Promise<SecretTexts> {
  const ref = { namespace, name: AUTHORITY_SECRET };
  const authority = await createAuthority(nowMs);
  const texts = { 'ca.crt': authority.bundle, 'ca.key': authority.privateKey };
  try {
    await client.create(SECRETS, buildSecret(ref, 'Opaque', texts), { signal });
    return texts;
  } catch (error) {
    const winner = isAlreadyExists(error) ? await readSecret(client, ref, signal) : undefined;
    if (winner === undefined) throw error;
    return winner;
  }
}
