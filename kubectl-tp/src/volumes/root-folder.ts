// The folder that volumes are written below: only its owner may enter it, and it goes unless somebody else's files are
// in it.

import { chmod, lstat, mkdir, readdir, rmdir } from 'node:fs/promises';
import { TpError } from '../errors.ts';
import type { LiveMount, Mount } from './mounts.ts';
import { removeCopies, removeFiles } from './remove-files.ts';

const PRIVATE = 0o700;

/** Makes the folder, or takes an empty one of the user's. Resolves with whether it was made. Throws BAD_MOUNT. */
export async function createRootFolder(path: string): Promise<boolean> {
  try {
    const made = await mkdir(path, { recursive: true, mode: PRIVATE });
    await assertUsable(path);
    await chmod(path, PRIVATE);
    return made !== undefined;
  } catch (error) {
    if (error instanceof TpError) throw error;
    throw badMount(path, error instanceof Error ? error.message : String(error), error);
  }
}

type Written = {
  readonly root: string;
  readonly wasMade: boolean;
  readonly mounts: readonly Mount[];
  readonly live: readonly LiveMount[];
};

/**
 * Nothing is mounted below any more. Takes away what was written, and the folder itself if it was made for that and is
 * empty then. Resolves with the names of what stays in it: files of the person.
 */
export async function removeRootFolder({ root, wasMade, mounts, live }: Written): Promise<string[]> {
  await removeCopies(root, live);
  await removeFiles(root, [...mounts, ...live]);
  const left = await readdir(root).catch(() => []);
  if (wasMade && left.length === 0) await rmdir(root).catch(() => undefined);
  return left.toSorted();
}

/** What is there may be used; so may what is not there. Throws BAD_MOUNT. */
export async function assertUsable(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) throw badMount(path, 'it is no folder');
  if (found.uid !== process.getuid?.()) throw badMount(path, 'it belongs to somebody else');
  if ((await readdir(path)).length > 0) throw badMount(path, 'it is not empty');
}

export function badMount(path: string, why: string, cause?: unknown): TpError {
  return new TpError('BAD_MOUNT', `The files of the pod can't go to ${path}: ${why}.`, {
    hint: 'Name an empty folder or one that is not there: --mount FOLDER; or have no files: --mount false',
    cause,
  });
}
