// The identity as this process knows it now, and its file, which follows.

import { type Identity, loadIdentity, removeIdentity, saveIdentity } from './identity.ts';
import type { IdentityStore } from './session-object.ts';

export type IdentityKeeper = IdentityStore & {
  /** Undefined before it was loaded or made, and once it is removed. */
  current(): Identity | undefined;
  /** From the file, if there is one. */
  load(): Promise<Identity | undefined>;
  /** Of what the file has already. */
  know(identity: Identity): void;
};

export function createIdentityKeeper(path: string): IdentityKeeper {
  let identity: Identity | undefined;
  let stored = Promise.resolve();

  /** One after the other: the newest state is the one that stays. */
  function store(change: () => Promise<void>): Promise<void> {
    stored = stored.catch(() => undefined).then(change);
    return stored;
  }

  return {
    current: () => identity,
    async load() {
      identity = await loadIdentity(path);
      return identity;
    },
    know(known) {
      identity = known;
    },
    save(next) {
      identity = next;
      return store(() => saveIdentity(path, next));
    },
    remove() {
      identity = undefined;
      return store(() => removeIdentity(path));
    },
  };
}
