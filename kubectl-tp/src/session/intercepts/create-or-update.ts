// The object of an intercept or an exit in the cluster, as it is wished for now.

import { INTERCEPTS, type Intercept } from '@kubectl-tp/control-plane/api';
import { isAlreadyExists, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { apiErrorOf } from '../../kubernetes/translate-error.ts';
import { buildUpdate, isSameWish } from './build-intercept.ts';

/** The same command again finds its object; only what may change is changed. */
export async function createOrUpdate(
  client: KubernetesClient,
  wish: Intercept,
): Promise<{ object: Intercept; created: boolean }> {
  const { name, namespace } = wish.metadata;
  try {
    return { object: await client.create<Intercept>(INTERCEPTS, wish, { namespace }), created: true };
  } catch (error) {
    if (!isAlreadyExists(apiErrorOf(error))) throw error;
  }
  const existing = await client.get<Intercept>(INTERCEPTS, { name, namespace });
  if (isSameWish(existing, wish)) return { object: existing, created: false };
  return { object: await client.patch<Intercept>(INTERCEPTS, { name, namespace }, buildUpdate(wish)), created: false };
}
