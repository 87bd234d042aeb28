// The Session objects: whose key proves which session, and which authority its laptop trusts. Watched, so that a proof
// costs no request and a deleted Session ends its tunnel at once.

import { SESSIONS, type Session } from '../api/index.ts';
import { isNotFound, type KubernetesClient, type KubernetesObject } from '../kubernetes/index.ts';
import { isSessionKey } from '../protocol/index.ts';

/** Anybody in the cluster may name sessions that don't exist. One that is new comes with the watch in a moment. */
const MAX_LOOKUPS_PER_SECOND = 20;

type SessionObject = KubernetesObject & Pick<Session, 'spec' | 'status'>;

type Known = { readonly publicKey: string; readonly authority: string | undefined };

export type SessionKeys = {
  /** True after the first list. */
  readonly isListed: boolean;
  /** Public key (PEM) of a session; asks the API server, now and then, for one the watch has not brought yet. */
  find(session: string): Promise<string | undefined>;
  /** Authority (PEM) that the control plane has written into a session's status. */
  authorityOf(session: string): string | undefined;
  /** The one that was written last; undefined as long as no session has one. */
  readonly authority: string | undefined;
  /** Watches until the signal. */
  run(signal: AbortSignal): Promise<void>;
};

export function createSessionKeys({
  client,
  namespace,
  onGone,
  onTrouble,
}: {
  client: KubernetesClient;
  namespace: string;
  /** A Session was deleted, or deleted and made anew with another key. */
  onGone: (session: string) => void;
  onTrouble: (error: Error) => void;
}): SessionKeys {
  let known = new Map<string, Known>();
  let isListed = false;
  let authority: string | undefined;
  let lookups = { second: 0, count: 0 };

  function mayLookUp(): boolean {
    const second = Math.floor(performance.now() / 1000);
    lookups = { second, count: lookups.second === second ? lookups.count + 1 : 1 };
    return lookups.count <= MAX_LOOKUPS_PER_SECOND;
  }

  function replaceAll(objects: SessionObject[]): void {
    const before = known;
    known = new Map();
    for (const object of objects) set(object);
    for (const [session, { publicKey }] of before) if (keyOf(session) !== publicKey) onGone(session);
    isListed = true;
  }

  function change(object: SessionObject): void {
    const { name } = object.metadata;
    const before = keyOf(name);
    set(object);
    if (before !== undefined && keyOf(name) !== before) onGone(name);
  }

  function remove(session: string): void {
    known.delete(session);
    onGone(session);
  }

  /** An object without a usable key is as good as none: nobody can prove it. The control plane tells its owner. */
  function set({ metadata, spec, status }: SessionObject): void {
    const publicKey = spec?.publicKey;
    if (typeof publicKey === 'string' && isSessionKey(publicKey))
      known.set(metadata.name, { publicKey, authority: status?.authority });
    else known.delete(metadata.name);
    authority = status?.authority ?? authority;
  }

  function keyOf(session: string): string | undefined {
    return known.get(session)?.publicKey;
  }

  return {
    get isListed() {
      return isListed;
    },
    async find(session) {
      if (!known.has(session) && mayLookUp()) {
        const object = await getSession(client, namespace, session);
        if (object !== undefined) set(object);
      }
      return keyOf(session);
    },
    authorityOf: (session) => known.get(session)?.authority,
    get authority() {
      return authority;
    },
    async run(signal) {
      for await (const event of client.watch<SessionObject>(SESSIONS, { namespace, signal, onTrouble })) {
        if (event.type === 'listed') replaceAll(event.objects);
        else if (event.type === 'changed') change(event.object);
        else remove(event.object.metadata.name);
      }
    },
  };
}

async function getSession(
  client: KubernetesClient,
  namespace: string,
  name: string,
): Promise<SessionObject | undefined> {
  try {
    return await client.get<SessionObject>(SESSIONS, { namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
