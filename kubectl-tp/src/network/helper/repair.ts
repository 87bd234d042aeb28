// Puts in order what a helper has left that was killed: nobody could undo its work then. Only with the lock.

import { listOurLinks, removeLink } from './laptop-interface.ts';
import { restoreResolvConf } from './resolv-conf-file.ts';

/** The name of an interface that somebody still moves packets for, as far as there is one: it is left alone. */
export function repairLaptop(): string | undefined {
  // Programs ask that one for names: it is better than a resolver of before.
  const used = listOurLinks().find(({ hasCarrier }) => hasCarrier);
  if (used === undefined) undoLaptop();
  return used?.name;
}

/** Whether or not somebody still moves packets. Names first: nobody answers those that are asked for without interface. */
export function undoLaptop(): void {
  restoreResolvConf();
  for (const { index, name } of listOurLinks()) removeLink(index, name);
}
