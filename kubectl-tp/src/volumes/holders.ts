// Who needs the files of which owner. Holders are calls to this process, told apart by identity: none outlives it. Who
// has asked for them and does not have them yet is expected to come back.

import { idOf, type VolumeOwner, type VolumeRecord } from './volume-record.ts';

/** Commands ask again every 2 s (run-while-held.ts) while the cluster does not answer; a call to it may take a minute. */
const EXPECTED_MS = 120_000;

export type Holders = {
  /** Somebody has asked for these. */
  expect(owner: VolumeOwner): void;
  isExpected(owner: VolumeOwner): boolean;
  add(owner: VolumeOwner, holder: object): void;
  /** Whether it held them. */
  remove(owner: VolumeOwner, holder: object): boolean;
  /** Nobody holds them, and they are not meant to stay without. */
  isUnheld(record: Pick<VolumeRecord, 'owner' | 'stays'>): boolean;
  forget(owner: VolumeOwner): void;
};

export function createHolders(now: () => number = Date.now): Holders {
  /** When they were last asked for. */
  const asked = new Map<string, number>();
  const holders = new Map<string, Set<object>>();
  return {
    expect: (owner) => void asked.set(idOf(owner), now()),
    isExpected: (owner) => now() - (asked.get(idOf(owner)) ?? Number.NEGATIVE_INFINITY) < EXPECTED_MS,
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
    isUnheld: ({ owner, stays }) => !stays && !holders.has(idOf(owner)),
    forget(owner) {
      holders.delete(idOf(owner));
      asked.delete(idOf(owner));
    },
  };
}
