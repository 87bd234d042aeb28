// Which kind of file the pod says something is, by its mode (inode(7)). Pure.

import type { FileAttributes } from '@kubectl-tp/control-plane/protocol';

const S_IFMT = 0o170000;
const KINDS = { 9604: 'folder', 16807: 'file', 21609: 'link' } as const;
export type FileKind = (typeof KINDS)[keyof typeof KINDS];

/** Undefined for what is none of them: a socket, a pipe, a device. */
export function kindOf({ mode = 0 }: FileAttributes): FileKind | undefined {
  const kinds: Readonly<Record<number, FileKind>> = KINDS;
  return kinds[mode & S_IFMT];
}
