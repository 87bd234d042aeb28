// Where on this laptop the requests of each intercept come to.

import type { Intercept } from '@kubectl-tp/control-plane/api';
import type { InsideDialer, LocalTarget } from '../tunnel/local-target.ts';
import type { IdentityKeeper } from './identity-keeper.ts';

export type ServedTargets = {
  /** Where an intercept's requests come to; undefined if this laptop was never asked for it. */
  targetOf(uid: string | undefined): LocalTarget | undefined;
  /**
   * Lets an intercept's requests come to a port of this laptop, also after a restart; or to one inside of a command's
   * network, which a later process knows only when it is asked again.
   */
  serve(intercept: Intercept, port: number, inside?: InsideDialer): Promise<void>;
  /** Of an intercept that is left. Its port is forgotten with the next one that is served. */
  forgetInside(uid: string): void;
};

/** `intercepts`: those that the session has now. */
export function createServedTargets(identity: IdentityKeeper, intercepts: () => readonly Intercept[]): ServedTargets {
  /** By uid of the intercept, as the identity's ports. */
  const insides = new Map<string, LocalTarget>();
  return {
    targetOf(uid) {
      if (uid === undefined) return undefined;
      const port = identity.current()?.ports[uid];
      return insides.get(uid) ?? (port === undefined ? undefined : { host: 'localhost', port });
    },
    async serve({ metadata: { uid } }, port, inside) {
      const current = identity.current();
      if (current === undefined || uid === undefined) return;
      if (inside === undefined) insides.delete(uid);
      else insides.set(uid, { inside, port });
      const wanted = inside === undefined ? port : undefined;
      if (current.ports[uid] === wanted) return;
      const served = new Set(intercepts().map(({ metadata }) => metadata.uid));
      const kept = Object.entries(current.ports).filter(([known]) => served.has(known) && known !== uid);
      await identity.save({
        ...current,
        ports: { ...Object.fromEntries(kept), ...(wanted === undefined ? {} : { [uid]: wanted }) },
      });
    },
    forgetInside: (uid) => void insides.delete(uid),
  };
}
