// Lays files of a pod over their own paths in a command's mount namespace: read-only bind mounts, which nobody else sees.
// Only where the laptop has nothing: no file of its own is hidden, and since whoever writes pods may be hostile, no
// program and no configuration of the laptop's programs comes from a pod.

import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CoveredFolder, coverFolder } from './cover-folder.ts';
import type { PrivateFiles } from './messages.ts';
import { bindReadOnly } from './mount-calls.ts';

/** Programs, what they load, and what the kernel shows: nothing is laid in these. */
const CLOSED = [
  '/bin',
  '/boot',
  '/dev',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/proc',
  '/root',
  '/sbin',
  '/sys',
  '/usr',
];
/** But here applications are, in containers. */
const OPEN = '/usr/src';
/** Programs read single files here that no laptop has to have (ld.so.preload, gitconfig), and run what these name. */
const CONFIGURATION = '/etc';
/** A folder's mode that lets everybody make files in it. */
const STICKY = 0o1000;

/** Returns a sentence for each path that can't be had. */
export function layFiles({ root, paths, kept }: PrivateFiles): string[] {
  const laid = createLayer([...CLOSED, ...kept].map(resolvePath).filter((folder) => folder !== '/'));
  // Outer ones first: they have the inner ones in them.
  const missing = paths.toSorted().flatMap((path) => {
    try {
      laid.lay(join(root, path), resolvePath(path));
      return [];
    } catch (error) {
      return [`${path}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
  laid.seal();
  return missing;
}

function createLayer(closed: readonly string[]) {
  const laid: string[] = [];
  const covered = new Map<string, CoveredFolder>();

  function lay(source: string, target: string): void {
    if (laid.some((folder) => isIn(target, folder))) return;
    if (closed.some((folder) => isIn(target, folder)) && !isIn(target, OPEN)) {
      throw new Error('the laptop needs its own there');
    }
    const isFolder = statSync(source).isDirectory();
    if (isIn(target, CONFIGURATION) && !isFolder) throw new Error('a single file there may be for all programs');
    if (!existsSync(target)) make(target, isFolder);
    else if (!isEmptyFolder(target)) throw new Error('the laptop has its own there');
    bindReadOnly(source, target);
    laid.push(target);
  }

  /** In memory: in a copy of the nearest folder that is there. */
  function make(target: string, isFolder: boolean): void {
    const folder = nearestFolder(target);
    if (!covered.has(folder)) {
      // What others write in a folder is not seen in its copy, and what the command writes there would be lost.
      if ((lstatSync(folder).mode & STICKY) !== 0) throw new Error(`${folder} is in use by other programs, too`);
      covered.set(folder, coverFolder(folder));
    }
    let made = folder;
    for (const name of dirname(target).slice(folder.length).split('/').filter(Boolean)) {
      made = join(made, name);
      mkdirSync(made);
    }
    if (isFolder) mkdirSync(target);
    else writeFileSync(target, '');
  }

  return {
    lay,
    seal() {
      for (const folder of covered.values()) folder.seal();
    },
  };
}

function isEmptyFolder(path: string): boolean {
  return statSync(path).isDirectory() && readdirSync(path).length === 0;
}

function nearestFolder(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) ? parent : nearestFolder(parent);
}

/** Without links, as far as it exists. */
function resolvePath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(resolvePath(parent), path.slice(parent.length));
}

const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
