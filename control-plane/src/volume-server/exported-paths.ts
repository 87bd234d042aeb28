// Where the paths of a laptop lead: into the folders that are served, and never out of them. Links are told of and not
// followed: the laptop's kernel follows them, on the laptop.

import { realpath } from 'node:fs/promises';
import { join } from 'node:path/posix';
import type { VolumeExport } from '../protocol/volume-server.ts';
import { SftpError } from './sftp-error.ts';

export type ExportedPath = {
  /** As Node takes it: names need not be UTF-8. */
  readonly path: Buffer;
  readonly isReadOnly: boolean;
};

export type ExportedPaths = {
  /** `/1/sub/file` in the second folder. The last name may be a link, which the caller must not follow. Throws. */
  find(path: string): Promise<ExportedPath>;
};

/** Characters of a path are its bytes (`latin1`). */
export function createExportedPaths(exports: readonly VolumeExport[]): ExportedPaths {
  return {
    async find(path) {
      const [index = '', ...names] = path.split('/').filter((name) => name !== '' && name !== '.');
      const found = exports[Number(index)];
      if (found === undefined || !/^\d+$/.test(index) || names.some(isOutward)) throw new SftpError('NO_SUCH_FILE');
      const root = await rootOf(found);
      const whole = join(root, ...names);
      if (names.length > 0) await assertWithoutLinks(join(root, ...names.slice(0, -1)));
      return { path: toBytes(whole), isReadOnly: found.isReadOnly };
    },
  };
}

const isOutward = (name: string): boolean => name === '..' || name.includes('\0');

/** Looked up each time: who writes the volume may replace a part of it by a link meanwhile. */
async function rootOf({ folder, subPath = '' }: VolumeExport): Promise<string> {
  const root = join(toName(folder), ...toName(subPath).split('/').filter(Boolean));
  await assertWithoutLinks(root);
  return root;
}

async function assertWithoutLinks(folder: string): Promise<void> {
  const real = await realpath(toBytes(folder), { encoding: 'latin1' });
  if (real !== folder) throw new SftpError('PERMISSION_DENIED');
}

/** The bytes of a text of ours, one character each. */
const toName = (text: string): string => Buffer.from(text).toString('latin1');

const toBytes = (name: string): Buffer => Buffer.from(name, 'latin1');
