// Covers a folder of the machine by one in memory with the same content: each entry is the machine's own. New entries
// can then be made in it that nobody else sees.

import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomeRoot, bind, makeReadOnly, makeUnbindable, mountTmpfs, moveMount, unmount } from './mount-calls.ts';

export type CoveredFolder = {
  /** When everything is made: who could not write in the folder can't in its copy. */
  seal(): void;
};

/** Everybody may see its content, as that of most folders; see `seal` for the rest. */
const FOLDER_MODE = 0o755;

/** In a mount namespace of its own. Throws, with the folder as it was. */
export function coverFolder(folder: string): CoveredFolder {
  const here = process.cwd();
  const isWritable = mayWrite(folder);
  const copy = mkdtempSync(join(tmpdir(), 'tp-cover-'));
  try {
    mountTmpfs(copy, FOLDER_MODE);
    try {
      // It lies in what is copied when that is the root folder.
      makeUnbindable(copy);
      for (const name of readdirSync(folder)) copyEntry(join(folder, name), join(copy, name));
      if (folder === '/') becomeRoot(copy);
      else moveMount(copy, folder);
    } catch (error) {
      unmount(copy);
      throw error;
    }
    // Its path leads to the copy now; the process itself is still in what lies beneath.
    process.chdir(here);
  } finally {
    rmdirSync(copy);
  }
  return {
    seal() {
      if (!isWritable) makeReadOnly(folder);
    },
  };
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function copyEntry(source: string, target: string): void {
  const found = lstatSync(source);
  if (found.isSymbolicLink()) {
    symlinkSync(readlinkSync(source), target);
    return;
  }
  if (found.isDirectory()) mkdirSync(target);
  else writeFileSync(target, '');
  bind(source, target);
}
