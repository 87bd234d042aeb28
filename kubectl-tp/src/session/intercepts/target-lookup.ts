// Where on this laptop an agent's connection goes. Agents can be faster than the API server's answer to whoever makes an
// intercept: what they bring waits until that is known, since a probe that fails is tried again only a second later.

import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { LookUpTarget } from '../../tunnel/accept-agent.ts';
import type { LocalTarget } from '../../tunnel/local-target.ts';
import { interceptKey } from './intercept-key.ts';

export type TargetLookup = {
  readonly lookUp: LookUpTarget;
  /** Settles as `make` does. Until then connections for the intercept wait, unless they have a target already. */
  whileMaking<T>(intercept: InterceptName, make: () => Promise<T>): Promise<T>;
};

/** `known`: where an intercept's requests go as far as is known now. */
export function createTargetLookup(known: (intercept: InterceptName) => LocalTarget | undefined): TargetLookup {
  const beingMade = new Map<string, Promise<unknown>>();
  return {
    lookUp(namespace, name) {
      const intercept = { namespace, name };
      return known(intercept) ?? beingMade.get(interceptKey(intercept))?.then(() => known(intercept));
    },
    whileMaking(intercept, make) {
      const key = interceptKey(intercept);
      const made = make();
      // The same command may be typed twice at once.
      const all = Promise.allSettled([beingMade.get(key), made]);
      beingMade.set(key, all);
      void all.then(() => {
        if (beingMade.get(key) === all) beingMade.delete(key);
      });
      return made;
    },
  };
}
