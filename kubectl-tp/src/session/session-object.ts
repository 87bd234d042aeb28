// The Session object of this laptop: made with the public key, its certificate awaited, deleted at the end.

import { hostname } from 'node:os';
import { API_VERSION, SELF_SUBJECT_REVIEWS, SESSIONS, type Session } from '@kubectl-tp/control-plane/api';
import { isNotFound, type KubernetesClient, type KubernetesObject } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { apiErrorOf, notInstalled } from '../kubernetes/translate-error.ts';
import { VERSION } from '../version.ts';
import { createIdentity, type Identity } from './identity.ts';

type SelfReview = KubernetesObject & { status?: { userInfo?: { username?: string } } };

export type Registration = {
  readonly identity: Identity;
  readonly object: Session;
  /** The object was not there before. */
  readonly isNew: boolean;
};

/** Where the identity is kept. */
export type IdentityStore = { save(identity: Identity): Promise<void>; remove(): Promise<void> };

/**
 * Takes up the session of a known identity if the cluster still has it and it belongs to this user; makes a new one
 * otherwise. The key is saved before the object is made, so that a killed process leaves no session without its key.
 */
export async function registerSession(
  client: KubernetesClient,
  installNamespace: string,
  known: Identity | undefined,
  store: IdentityStore,
): Promise<Registration> {
  if (known !== undefined) {
    const object = await findOwnSession(client, installNamespace, known);
    if (object !== undefined) return { identity: known, object, isNew: false };
  }
  const identity = createIdentity();
  await store.save(identity);
  try {
    return { identity, object: await createSessionObject(client, installNamespace, identity), isNew: true };
  } catch (error) {
    // Refused, as opposed to unknown: nobody needs the key.
    if (apiErrorOf(error)?.status) await store.remove();
    throw error;
  }
}

export async function deleteSessionObject(
  client: KubernetesClient,
  installNamespace: string,
  session: string,
): Promise<void> {
  await client.delete(SESSIONS, { name: session, namespace: installNamespace });
}

async function findOwnSession(
  client: KubernetesClient,
  namespace: string,
  { session, publicKey }: Identity,
): Promise<Session | undefined> {
  const [object, user] = await Promise.all([
    client.get<Session>(SESSIONS, { name: session, namespace }).catch((error) => {
      if (isNotFound(apiErrorOf(error)) && !(error instanceof TpError && error.code === 'NOT_INSTALLED'))
        return undefined;
      throw error;
    }),
    userName(client),
  ]);
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
  const { owner } = object.spec;
  const isMine = owner === undefined || user === undefined || owner === user;
  return isMine && object.spec.publicKey.trim() === publicKey.trim() ? object : undefined;
}

async function createSessionObject(
  client: KubernetesClient,
  namespace: string,
  { session, publicKey }: Identity,
): Promise<Session> {
  const spec = { publicKey, clientVersion: VERSION, hostname: hostname().slice(0, 253) };
  const object = { apiVersion: API_VERSION, kind: 'Session', metadata: { name: session, namespace }, spec };
  try {
    return await client.create<Session>(SESSIONS, object, { namespace });
  } catch (error) {
    // The resource is known, so what is not found is the namespace.
    throw isNotFound(apiErrorOf(error)) ? notInstalled(namespace, error) : error;
  }
}

/** Undefined where the API server does not tell (before 1.28, or refused). */
async function userName(client: KubernetesClient): Promise<string | undefined> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await client.create<SelfReview>(SELF_SUBJECT_REVIEWS, review).catch(() => undefined);
  return answer?.status?.userInfo?.username;
}
