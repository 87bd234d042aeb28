// The authority's place in the cluster: a Secret in the install namespace. The first process to come creates it.

import { AUTHORITY_SECRET, SECRETS } from '../api/index.ts';
import { isAlreadyExists, isNotFound, type KubernetesClient, type KubernetesObject } from '../kubernetes/index.ts';
import { type Authority, type AuthorityPem, createAuthority, parseAuthority } from './authority.ts';

type Secret = KubernetesObject & { data?: Record<string, string> };
type Options = { readonly namespace: string; readonly nowMs: number; readonly signal?: AbortSignal };

/** Creating is atomic: of two replicas that start together one wins, and the other reads what the winner made. */
export async function loadAuthority(client: KubernetesClient, options: Options): Promise<Authority> {
  const secret = (await readSecret(client, options)) ?? (await createSecret(client, options));
  return parseAuthority(secret);
}

async function readSecret(client: KubernetesClient, options: Options): Promise<AuthorityPem | undefined> {
  const ref = { namespace: options.namespace, name: AUTHORITY_SECRET };
  try {
    const { data } = await client.get<Secret>(SECRETS, ref, signalOf(options));
    return { bundle: decode(data?.['ca.crt']), privateKey: decode(data?.['ca.key']) };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function createSecret(client: KubernetesClient, options: Options): Promise<AuthorityPem> {
  const authority = await createAuthority(options.nowMs);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: AUTHORITY_SECRET, namespace: options.namespace },
    type: 'Opaque',
    data: { 'ca.crt': encode(authority.bundle), 'ca.key': encode(authority.privateKey) },
  };
  try {
    await client.create(SECRETS, secret, signalOf(options));
    return authority;
  } catch (error) {
    const winner = isAlreadyExists(error) ? await readSecret(client, options) : undefined;
    if (winner === undefined) throw error;
    return winner;
  }
}

function signalOf({ signal }: Options): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function decode(base64 = ''): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
