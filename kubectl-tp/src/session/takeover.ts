// Makes this process the one behind a socket path: never two, and none blocked by what a killed one left behind.

import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isAnswering } from '../ipc/is-answering.ts';
import type { SessionFiles } from '../ipc/paths.ts';

/** A take-over lasts milliseconds; a lock that old was left by a killed process. */
const STALE_LOCK_MS = 10_000;
const LOCK_RETRY_MS = 20;

/** Listens on the socket; false if another live process already does. */
export async function takeSocket(server: Server, files: SessionFiles): Promise<boolean> {
  const unlock = await lock(files.lock);
  try {
    if (await isAnswering(files.socket)) return false;
    await rm(files.socket, { force: true });
    await listen(server, files.socket);
    await chmod(files.socket, 0o600);
    return true;
  } finally {
    await unlock();
  }
}

/** Identifies the socket file, to notice when another process has taken its place. */
export async function socketInode(path: string): Promise<bigint | undefined> {
  return stat(path, { bigint: true }).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

/** Resolves with what gives it back. */
async function lock(path: string): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${randomUUID()}`;
  for (;;) {
    try {
      await writeFile(path, mine, { flag: 'wx', mode: 0o600 });
      return () => unlock(path, mine);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    await removeStale(path);
    await delay(LOCK_RETRY_MS);
  }
}

/** Of a process that slept for longer than its lock holds, the lock is somebody else's by now. */
async function unlock(path: string, mine: string): Promise<void> {
  const content = await readFile(path, 'utf8').catch(() => undefined);
  if (content === mine) await rm(path, { force: true });
}

/** Moves a stale lock away; of several that try, the rename succeeds for one. */
async function removeStale(path: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs < STALE_LOCK_MS) return;
    const aside = `${path}.${randomUUID()}`;
    const before = await readFile(path, 'utf8');
    await rename(path, aside);
    const moved = await readFile(aside, 'utf8');
    // A fresh lock was taken between look and rename: put it back.
    if (moved !== before) await rename(aside, path);
    else await rm(aside);
  } catch (error) {
    // Released or moved by somebody else meanwhile: the next attempt sees.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
