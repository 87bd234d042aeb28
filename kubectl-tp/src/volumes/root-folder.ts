// The folder that volumes are written below: only its owner may enter it, and it goes without a trace.

import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TpError } from '../errors.ts';

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

/** Takes away what was written, and the folder itself if it was made for that. */
export async function removeRootFolder(path: string, wasMade: boolean): Promise<void> {
  if (wasMade) return rm(path, { recursive: true, force: true });
  const names = await readdir(path).catch(() => []);
  await Promise.all(names.map((name) => rm(join(path, name), { recursive: true, force: true })));
}

/** What is there may be used; so may what is not there. Throws BAD_MOUNT. */
export async function assertUsable(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) throw badMount(path, 'it is no folder');
  if (found.uid !== process.getuid?.()) throw badMount(path, 'it belongs to somebody else');
  if ((await readdir(path)).length > 0) throw badMount(path, 'it is not empty');
}

function badMount(path: string, why: string, cause?: unknown): TpError {
  return new TpError('BAD_MOUNT', `The files of the pod can't go to ${path}: ${why}.`, {
    hint: 'Name an empty folder or one that is not there: --mount FOLDER; or have no files: --mount false',
    cause,
  });
}
