// Who needs the files of which owner. Holders are calls to this process, told apart by identity: none outlives it.

import { idOf, type VolumeOwner } from './volume-record.ts';

export type Holders = {
  add(owner: VolumeOwner, holder: object): void;
  /** Whether it held them. */
  remove(owner: VolumeOwner, holder: object): boolean;
  isHeld(owner: VolumeOwner): boolean;
  forget(owner: VolumeOwner): void;
};

export function createHolders(): Holders {
  const holders = new Map<string, Set<object>>();
  return {
    add(owner, holder) {
      const held = holders.get(idOf(owner)) ?? new Set();
      holders.set(idOf(owner), held.add(holder));
    },
    remove(owner, holder) {
      const held = holders.get(idOf(owner));
      const wasHeld = held?.delete(holder) ?? false;
      if (held?.size === 0) holders.delete(idOf(owner));
      return wasHeld;
    },
    isHeld: (owner) => holders.has(idOf(owner)),
    forget: (owner) => void holders.delete(idOf(owner)),
  };
}
