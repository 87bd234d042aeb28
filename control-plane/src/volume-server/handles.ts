// Files and folders that a laptop has open on one connection. A handle of another connection is none: after a break the
// laptop may still ask with it, and must not be given somebody else's file.

import { randomBytes } from 'node:crypto';
import type { Dir } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { SftpError } from './sftp-error.ts';

export type OpenFile = { readonly kind: 'file'; readonly file: FileHandle; readonly isReadOnly: boolean };
export type OpenFolder = { readonly kind: 'folder'; readonly folder: Dir; readonly path: Buffer };
type Opened = OpenFile | OpenFolder;

export type Handles = {
  /** Throws, with what was opened closed again, when there are too many. */
  add(opened: Opened): Promise<string>;
  /** Throws INPUT_OUTPUT for handles of other connections. */
  get(handle: string): Opened;
  file(handle: string): OpenFile;
  close(handle: string): Promise<void>;
  closeAll(): Promise<void>;
};

/** As many as a process may have open on most systems, less its own. */
const MAX_HANDLES = 1000;

export function createHandles(): Handles {
  const opened = new Map<string, Opened>();
  const connection = randomBytes(8).toString('hex');
  let count = 0;

  function get(handle: string): Opened {
    const found = opened.get(handle);
    if (found === undefined) throw new SftpError('INPUT_OUTPUT');
    return found;
  }

  return {
    get,
    async add(one) {
      if (opened.size >= MAX_HANDLES) {
        await closeOne(one);
        throw new SftpError('FAILURE');
      }
      count += 1;
      const handle = `${connection}-${count}`;
      opened.set(handle, one);
      return handle;
    },
    file(handle) {
      const found = get(handle);
      if (found.kind !== 'file') throw new SftpError('FAILURE');
      return found;
    },
    async close(handle) {
      const found = get(handle);
      opened.delete(handle);
      await closeOne(found);
    },
    async closeAll() {
      const all = [...opened.values()];
      opened.clear();
      await Promise.allSettled(all.map(closeOne));
    },
  };
}

function closeOne(one: Opened): Promise<void> {
  return one.kind === 'file' ? one.file.close() : one.folder.close();
}
