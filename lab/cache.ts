// Folders that are expensive to make, kept outside the checkout by the hash of what they are made from; of each kind those
// that were used last.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';

/** Of each name: some checkouts with some changes of each. */
const KEPT = 8;
/** As `shortHash` makes them; other names may begin with the same word. */
const HASH = /^[0-9a-f]{16}$/;
/** So long after its use a folder may still be read: it stays, however many there are. */
const IN_USE_MS = 3_600_000;

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
  if (existsSync(folder)) {
    await noteUse(folder);
    return folder;
  }
  await mkdir(cacheFolder(), { recursive: true });
  return withLock(`cache/${folder}`, async () => {
    if (existsSync(folder)) return folder;
    const filling = await mkdtemp(`${folder}.filling-`);
    try {
      await entry.fill(filling);
      await rename(filling, folder);
      await noteUse(folder);
    } finally {
      await rm(filling, { recursive: true, force: true });
    }
    await removeUnused(entry.name);
    return folder;
  });
}

/** By its time of change, which nothing else needs: nobody writes into a filled folder. */
async function noteUse(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now);
}

async function removeUnused(name: string): Promise<void> {
  const ids = (await readdir(cacheFolder())).filter(
    (id) => id.startsWith(`${name}-`) && HASH.test(id.slice(name.length + 1)),
  );
  const used = await Promise.all(
    ids.map(async (id) => {
      const folder = join(cacheFolder(), id);
      // Another process may have removed it by now.
      const atMs = await stat(folder).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      return { folder, atMs };
    }),
  );
  const older = used.toSorted((a, b) => b.atMs - a.atMs).slice(KEPT);
  for (const { folder } of older.filter(({ atMs }) => atMs < Date.now() - IN_USE_MS)) await remove(folder);
}

/** A folder of that name is complete at any time. */
async function remove(folder: string): Promise<void> {
  const aside = await mkdtemp(`${folder}.removing-`);
  await rename(folder, aside).catch(() => undefined);
  await rm(aside, { recursive: true, force: true });
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
