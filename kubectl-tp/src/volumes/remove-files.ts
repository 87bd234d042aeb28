// Takes away what was written for mounts, and nothing else: a person may have put files of their own beside them. Never
// follows a link. Which folder is the root's, and whether it goes, is not decided here.

import { lstat, readdir, readlink, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from './mounts.ts';
import { DATA, isWritersName } from './write-files.ts';

type Place = Pick<Mount, 'path' | 'subPath'>;

/** Folders go where they are empty then. What can't be removed stays. */
export async function removeFiles(root: string, mounts: readonly Place[]): Promise<void> {
  // Inner ones first: they lie in folders of outer ones.
  for (const { path, subPath } of mounts.toSorted((a, b) => b.path.length - a.path.length)) {
    const folders = await realFolders(root, path);
    const last = join(root, ...path);
    if (folders.length < path.length) {
      // A part of a volume may be one file.
      const isFile = subPath !== undefined && folders.length === path.length - 1;
      if (isFile && (await lstat(last).catch(() => undefined))?.isFile()) await rm(last, { force: true });
    } else await removeWritten(last);
    for (const folder of [root, ...folders].toReversed()) {
      // One that was broken off has left its names.
      await removeUnfinished(folder);
      if (folder !== root) await rmdir(folder).catch(() => undefined);
    }
  }
}

/** Copies of volumes, whole: nothing in them is the person's. The folder, for what is mounted over it, goes as well. */
export async function removeCopies(root: string, mounts: readonly Place[]): Promise<void> {
  for (const { path } of mounts) {
    const folders = await realFolders(root, path);
    if (folders.length >= path.length - 1) await rm(join(root, ...path), { recursive: true, force: true });
  }
}

/** What was copied goes, but not its folder: in a command's mount namespace something may be mounted there. */
export async function emptyCopies(root: string, mounts: readonly Place[]): Promise<void> {
  for (const { path } of mounts) {
    const folders = await realFolders(root, path);
    if (folders.length === path.length - 1) await rm(join(root, ...path), { force: true });
    if (folders.length < path.length) continue;
    for (const name of await readdir(join(root, ...path))) {
      await rm(join(root, ...path, name), { recursive: true, force: true });
    }
  }
}

/** Those on the way to the mount that are folders themselves, from the outermost on. */
async function realFolders(root: string, path: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  let folder = root;
  for (const name of path) {
    folder = join(folder, name);
    if (!(await lstat(folder).catch(() => undefined))?.isDirectory()) break;
    found.push(folder);
  }
  return found;
}

async function removeWritten(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() && (await readlink(path)) === join(DATA, entry.name)) await unlink(path);
  }
}

async function removeUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter(isWritersName);
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
}
