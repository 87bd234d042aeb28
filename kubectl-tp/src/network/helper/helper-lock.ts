// One helper at a time on a laptop: whoever holds the lock may change its network. The kernel gives the lock back when
// its holder dies, however that happens.

import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import { systemCalls } from '../device/system-calls.ts';
import { LOCK_PATH } from './lock-holder.ts';

/** At once or not at all (flock(2)). */
const LOCK_EX_NB = 6;

/** Returns what gives it back; undefined when another helper has it. As root. */
export function takeHelperLock(): (() => void) | undefined {
  for (;;) {
    // Others may not open it: they could lock it, too.
    const descriptor = openSync(LOCK_PATH, 'a', 0o600);
    if (systemCalls.flock(descriptor, LOCK_EX_NB) !== 0) {
      closeSync(descriptor);
      return undefined;
    }
    if (isStillThere(descriptor)) {
      return () => {
        // While it is held, so that nobody waits for a file without a name.
        rmSync(LOCK_PATH, { force: true });
        closeSync(descriptor);
      };
    }
    // Its holder has removed it between our opening and our locking.
    closeSync(descriptor);
  }
}

function isStillThere(descriptor: number): boolean {
  return statSync(LOCK_PATH, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino;
}
