// Where the helpers' lock is, and whether one has it. Loads no native code, so that everybody may look.

import { readFileSync, statSync } from 'node:fs';

/** In memory, and only root may put something there. */
export const LOCK_PATH = '/run/kubectl-tp-helper.lock';

/** Process id of the helper that runs now on this laptop, whoever started it. */
export function findLockHolder(): number | undefined {
  const file = statSync(LOCK_PATH, { throwIfNoEntry: false });
  if (file === undefined) return undefined;
  // `1: FLOCK  ADVISORY  WRITE 4711 00:19:1234 0 EOF` (proc_locks(5))
  const lines = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map((line) => line.split(/\s+/));
  const held = lines.find(([, kind, , , , place]) => kind === 'FLOCK' && place?.endsWith(`:${file.ino}`));
  return held === undefined ? undefined : Number(held[4]);
}
