// Folders that are expensive to make, kept outside the checkout by the hash of what they are made from.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';

export type CacheEntry = {
  /** What it is, the first part of the folder's name. */
  readonly name: string;
  /** Everything that the content depends on. */
  readonly key: string;
  /** Fills an empty folder. Called at most once at a time on a machine, and again if it fails. */
  readonly fill: (folder: string) => Promise<void>;
};

/** The folder of the entry, filled. A folder that exists is complete: it is renamed into place when it is. */
export async function cached(entry: CacheEntry): Promise<string> {
  const id = `${entry.name}-${shortHash(entry.key)}`;
  const folder = join(cacheFolder(), id);
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  return withLock(`cache/${folder}`, async () => {
    if (existsSync(folder)) return folder;
    const filling = await mkdtemp(`${folder}.filling-`);
    try {
      await entry.fill(filling);
      await rename(filling, folder);
    } finally {
      await rm(filling, { recursive: true, force: true });
    }
    return folder;
  });
}

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Hash of the names and contents of all files under some files and folders of `root`. */
export async function hashFiles(root: string, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await Promise.all(paths.map((path) => filesUnder(join(root, path))))).flat().sort()) {
    hash.update(`${relative(root, file)}\0`).update(
      createHash('sha256')
        .update(await readFile(file))
        .digest(),
    );
  }
  return hash.digest('hex');
}

async function filesUnder(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch((error) => {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (!entries) return [path];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
