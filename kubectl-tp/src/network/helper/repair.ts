// Puts in order what a helper has left that was killed: nobody could undo its work then. Only with the lock.

import { listOurLinks, removeLink } from './laptop-interface.ts';
import { restoreResolvConf } from './resolv-conf-file.ts';

/** The name of an interface that somebody still moves packets for, as far as there is one: it is left alone. */
export function repairLaptop(): string | undefined {
  const links = listOurLinks();
  const used = links.find(({ hasCarrier }) => hasCarrier);
  // Programs ask that one for names: it is better than a resolver of before.
  if (used !== undefined) return used.name;
  for (const { index, name } of links) removeLink(index, name);
  restoreResolvConf();
  return undefined;
}
