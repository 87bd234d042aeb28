// Folders as SFTP lists them: names with their attributes, some at a time.

import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { buildAttributes } from '../protocol/sftp/attributes.ts';
import { buildPacket, buildString, buildU32 } from '../protocol/sftp/packet.ts';
import { SFTP, SFTP_STATUS } from '../protocol/sftp/words.ts';
import type { OpenFolder } from './handles.ts';

/** Names of 255 bytes with their attributes stay far below the longest packet. */
const ENTRIES_AT_ONCE = 200;
const SLASH = Buffer.from('/');

export async function openFolder(path: Buffer): Promise<OpenFolder> {
  // opendir(3) would follow a link.
  const found = await lstat(path);
  if (!found.isDirectory()) throw Object.assign(new Error('it is no folder'), { code: 'ENOTDIR' });
  // The bytes of names as characters; the types know of no Buffer here, Node does.
  const folder = await opendir(path as unknown as string, { encoding: 'latin1', bufferSize: ENTRIES_AT_ONCE });
  return { kind: 'folder', folder, path };
}

/** The next names; the status EOF after the last. */
export async function readFolder(id: number, { folder, path }: OpenFolder): Promise<Buffer> {
  const names: string[] = [];
  while (names.length < ENTRIES_AT_ONCE) {
    const entry = await folder.read();
    if (entry === null) break;
    names.push(entry.name);
  }
  if (names.length === 0) return buildPacket(SFTP.STATUS, id, SFTP_STATUS.EOF, '', '');
  const entries = await Promise.all(names.map((name) => buildEntry(path, name)));
  // One that went away meanwhile is none.
  const there = entries.filter((entry) => entry !== undefined);
  return buildPacket(SFTP.NAME, id, there.length, ...there);
}

async function buildEntry(folder: Buffer, name: string): Promise<Buffer | undefined> {
  const bytes = Buffer.from(name, 'latin1');
  const found = await lstat(Buffer.concat([folder, SLASH, bytes])).catch(() => undefined);
  // The long name is for people at a terminal.
  return found && Buffer.concat([buildString(bytes), buildU32(0), buildFileAttributes(found)]);
}

export function buildFileAttributes({ size, uid, gid, mode, atimeMs, mtimeMs }: Stats): Buffer {
  return buildAttributes({
    size,
    owner: { uid, gid },
    mode,
    times: { accessed: toSeconds(atimeMs), modified: toSeconds(mtimeMs) },
  });
}

/** As far as four bytes go: 1970 to 2106. */
function toSeconds(ms: number): number {
  return Math.min(Math.max(Math.floor(ms / 1000), 0), 0xffff_ffff);
}
