// Lays files of a pod over their own paths in a command's mount namespace: bind mounts, which nobody else sees, read-only
// but for what was asked to be written. Only where the laptop has nothing: no file of its own is hidden. What is closed to
// a pod all the same: closed-places.

import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ClosedPlaces, createClosedPlaces, isIn } from './closed-places.ts';
import { type CoveredFolder, coverFolder } from './cover-folder.ts';
import type { PrivateFiles } from './messages.ts';
import { bindReadOnly, bindWritable } from './mount-calls.ts';

/** A folder's mode that lets everybody make files in it. */
const STICKY = 0o1000;

/** Returns a sentence for each path that can't be had. */
export function layFiles({ root, paths, writable = [], kept, programs }: PrivateFiles): string[] {
  const closed = createClosedPlaces({
    kept: kept.flatMap(bothNames),
    programs: programs.flatMap(bothNames),
    configured: new Set(readdirSync('/etc')),
  });
  const laid = createLayer(closed);
  // Outer ones first: they have the inner ones in them.
  const missing = paths.toSorted().flatMap((path) => {
    try {
      laid.lay(join(root, path), path, writable.includes(path));
      return [];
    } catch (error) {
      return [`${path}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
  laid.seal();
  return missing;
}

function createLayer(closed: ClosedPlaces) {
  const laid: string[] = [];
  const covered = new Map<string, CoveredFolder>();

  function lay(source: string, path: string, isWritable: boolean): void {
    const target = resolvePath(path);
    if (laid.some((folder) => isIn(target, folder))) return;
    const isFolder = statSync(source).isDirectory();
    // A link of the laptop must not lead around a closed name.
    const why = closed.why(path, isFolder) ?? closed.why(target, isFolder);
    if (why !== undefined) throw new Error(why);
    if (!existsSync(target)) make(target, isFolder);
    else if (!isEmptyFolder(target)) throw new Error('the laptop has its own there');
    if (isWritable) bindWritable(source, target);
    else bindReadOnly(source, target);
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

/** As it is written, and without links. */
function bothNames(path: string): string[] {
  const absolute = resolve(path);
  return [absolute, resolvePath(absolute)].filter((folder) => folder !== '/');
}
