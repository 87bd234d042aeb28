// Which kind of file the pod says something is, by its mode (inode(7)). Pure.

import type { FileAttributes } from '@kubectl-tp/control-plane/protocol';

const S_IFMT = 0o170000;
export type FileKind = 'folder' | 'file' | 'link';
const KINDS: ReadonlyMap<number, FileKind> = new Map([
  [0o040000, 'folder'],
  [0o100000, 'file'],
  [0o120000, 'link'],
]);

/** Undefined for what is none of them: a socket, a pipe, a device. */
export function kindOf({ mode = 0 }: FileAttributes): FileKind | undefined {
  return KINDS.get(mode & S_IFMT);
}
