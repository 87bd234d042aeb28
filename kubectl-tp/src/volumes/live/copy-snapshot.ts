// A copy of a volume as it is now, for machines that can't mount one. Whoever writes the volume may be hostile: names
// stay inside, links are made only where they lead inside, and there is an end to number and size.

import { mkdir, open, rm, symlink } from 'node:fs/promises';
import { containLink } from './contain-link.ts';
import { kindOf } from './file-kind.ts';
import type { RemoteEntry, SftpClient } from './sftp-client.ts';

export type SnapshotLimits = { bytes: number; files: number };

/**
 * For all volumes of a container: what a laptop takes within a minute on a fast link, and what nobody has to look for
 * afterwards to get the disk back.
 */
export const SNAPSHOT_LIMITS: Readonly<SnapshotLimits> = { bytes: 256 << 20, files: 10_000 };

export type CopiedSnapshot = {
  /** Names of what is not there, as the container has them, and why. The first few. */
  readonly leftOut: readonly string[];
  readonly leftOutCount: number;
};

type Options = {
  readonly client: SftpClient;
  /** What the volume server calls it. */
  readonly exported: string;
  /** On the laptop, where nothing is yet. */
  readonly target: string;
  readonly mountPath: readonly string[];
  /** What is left, for this copy and those that follow: counts down. */
  readonly left: SnapshotLimits;
  readonly signal: AbortSignal;
};

const MAX_TOLD = 3;

/** Throws when the pod is gone or it is aborted, with what was copied so far in place. */
export async function copySnapshot({
  client,
  exported,
  target,
  mountPath,
  left,
  signal,
}: Options): Promise<CopiedSnapshot> {
  const leftOut: string[] = [];
  let leftOutCount = 0;

  function leaveOut(names: readonly string[], why: string): void {
    leftOutCount += 1;
    const path = Buffer.from(['', ...mountPath, ...names].join('/'), 'latin1').toString();
    if (leftOut.length < MAX_TOLD) leftOut.push(`${path}: ${why}`);
  }

  async function copy(names: readonly string[], { attributes }: Omit<RemoteEntry, 'name'>): Promise<void> {
    signal.throwIfAborted();
    const kind = kindOf(attributes);
    if (left.files === 0) return leaveOut(names, `more than ${SNAPSHOT_LIMITS.files} files`);
    left.files -= 1;
    if (kind === 'folder') return copyFolder(names);
    if (kind === 'link') return copyLink(names);
    if (kind !== 'file') return leaveOut(names, 'neither file nor folder');
    if ((attributes.size ?? 0) > left.bytes) {
      return leaveOut(names, `more than ${SNAPSHOT_LIMITS.bytes >> 20} MiB in all`);
    }
    await copyFile(names);
  }

  async function copyFolder(names: readonly string[]): Promise<void> {
    if (names.length > 0) await mkdir(here(target, names), { mode: 0o700 });
    // One more than is copied, so that it shows that there is more.
    const entries = await client.list(there(exported, names), left.files + 1).catch((error) => error as Error);
    signal.throwIfAborted();
    if (entries instanceof Error) return leaveOut(names, entries.message);
    for (const entry of entries) {
      const inner = [...names, entry.name];
      if (isName(entry.name)) await copy(inner, entry);
      else leaveOut(inner, 'this is no name');
    }
  }

  async function copyLink(names: readonly string[]): Promise<void> {
    const points = containLink(names, await client.link(there(exported, names)), mountPath);
    if (points === undefined) return leaveOut(names, 'a link that leads out of the volume');
    await symlink(Buffer.from(points, 'latin1'), here(target, names));
  }

  async function copyFile(names: readonly string[]): Promise<void> {
    const path = here(target, names);
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const data of client.read(there(exported, names))) {
        signal.throwIfAborted();
        left.bytes -= data.length;
        if (left.bytes < 0) throw new Error('it grows beyond what is copied');
        await file.writeFile(data);
      }
    } catch (error) {
      await rm(path, { force: true });
      left.bytes = Math.max(left.bytes, 0);
      signal.throwIfAborted();
      leaveOut(names, error instanceof Error ? error.message : String(error));
    } finally {
      await file.close();
    }
  }

  const attributes = await client.attributes(exported);
  await copy([], { attributes });
  return { leftOut, leftOutCount };
}

const isName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);

/** The target's path is text, names below are bytes. */
function here(target: string, names: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from(target), ...names.map((name) => Buffer.from(`/${name}`, 'latin1'))]);
}

const there = (exported: string, names: readonly string[]): string => [exported, ...names].join('/');
