// Writes the files of a volume into a folder the way the kubelet does, so that programs that wait for its pattern of
// changes see it: a new folder with all files, then one rename of the link `..data`, then the old folder is removed.
// Readers see all old files or all new ones. Never follows a link that it has not made.

import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readlink, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VolumeFile } from './volume-files.ts';

/** The kubelet's name; programs look for it. */
export const DATA = '..data';
/** What is written is under such a name until it is complete; the folder of the current files keeps it. */
const FRESH = /^\.\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const UNFINISHED_DATA = `${DATA}_tmp`;
const FOLDER_MODE = 0o755;

/** `hidden`: names in the folder that belong to others. The folder itself must be there. */
export async function writeFiles(
  folder: string,
  files: readonly VolumeFile[],
  hidden: readonly string[] = [],
): Promise<void> {
  const fresh = `..${randomUUID()}`;
  try {
    await mkdir(join(folder, fresh), { mode: FOLDER_MODE });
    for (const { path, bytes, mode } of files) await writeNew(join(folder, fresh, ...path), bytes, mode);
    await replaceLink(join(folder, DATA), fresh);
  } catch (error) {
    await rm(join(folder, fresh), { recursive: true, force: true });
    throw error;
  }
  const visible = new Set(files.flatMap(({ path }) => path[0] ?? []).filter((name) => !hidden.includes(name)));
  await linkVisible(folder, visible);
  await removeStale(folder, visible, fresh);
}

/** One file, in place of what was there. */
export async function writeSingleFile(path: string, { bytes, mode }: VolumeFile): Promise<void> {
  const written = join(dirname(path), `..${randomUUID()}`);
  try {
    await writeNew(written, bytes, mode);
    await rename(written, path);
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
}

/** The folder `names` below `root`, made where it is not there. Throws if one of them is no folder, a link included. */
export async function makeFolder(root: string, names: readonly string[]): Promise<string> {
  let path = root;
  for (const name of names) {
    path = join(path, name);
    await mkdir(path, { mode: FOLDER_MODE }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is no folder`);
  }
  return path;
}

/** Whether a file or folder of this name is of this file's making. */
export function isWritersName(name: string): boolean {
  return name === DATA || name === UNFINISHED_DATA || FRESH.test(name);
}

async function writeNew(path: string, bytes: Buffer, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  await writeFile(path, bytes, { flag: 'wx', mode });
}

async function replaceLink(path: string, target: string): Promise<void> {
  const made = join(dirname(path), UNFINISHED_DATA);
  await rm(made, { force: true });
  await symlink(target, made);
  await rename(made, path);
}

async function linkVisible(folder: string, visible: ReadonlySet<string>): Promise<void> {
  for (const name of visible) {
    await symlink(join(DATA, name), join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Links to files that are no more, and what earlier writes have left. */
async function removeStale(folder: string, visible: ReadonlySet<string>, current: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const isOld = entry.name.startsWith('..') && entry.name !== DATA && entry.name !== current;
    if (isOld) await rm(path, { recursive: true, force: true });
    else if (entry.isSymbolicLink() && entry.name !== DATA && !visible.has(entry.name)) {
      if ((await readlink(path)) === join(DATA, entry.name)) await unlink(path);
    }
  }
}
