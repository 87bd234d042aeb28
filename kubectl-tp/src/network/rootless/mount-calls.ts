// mount(2) in the words of this folder. All of it in a mount namespace of our own.

import { checked, systemCalls } from '../device/system-calls.ts';

const MS_RDONLY = 0x1;
const MS_NOSUID = 0x2;
const MS_NODEV = 0x4;
const MS_NOEXEC = 0x8;
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_MOVE = 0x2000;
const MS_REC = 0x4000;
const MS_UNBINDABLE = 0x2_0000;
const MS_PRIVATE = 0x4_0000;
const MNT_DETACH = 2;

/** With what is mounted below: the kernel shows nothing that a mount hides to who may not unmount it. */
export function bind(source: string, target: string): void {
  mount(source, target, MS_BIND | MS_REC);
}

export function bindReadOnly(source: string, target: string): void {
  bind(source, target);
  makeReadOnly(target);
}

/**
 * For nobody to write, and no program comes from there. Who is root in a user namespace only must keep every restriction
 * that the file system has outside: it may have these.
 */
export function makeReadOnly(target: string): void {
  mount(null, target, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

/** As `bindReadOnly`, but for the pod's files themselves, which somebody asked to write. */
export function bindWritable(source: string, target: string): void {
  bind(source, target);
  mount(null, target, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

/** An empty folder in memory. */
export function mountTmpfs(target: string, mode: number): void {
  const options = `mode=${mode.toString(8)}`;
  checked(`mounting over ${target}`, systemCalls.mount('tmpfs', target, 'tmpfs', MS_NOSUID | MS_NODEV, options));
}

/** From now on binding what lies around a mount leaves it out. */
export function makeUnbindable(target: string): void {
  mount(null, target, MS_UNBINDABLE);
}

export function unmount(target: string): void {
  checked(`unmounting ${target}`, systemCalls.umount2(target, MNT_DETACH));
}

/** Takes a mount with all below it to another place. */
export function moveMount(source: string, target: string): void {
  mount(null, source, MS_PRIVATE);
  mount(source, target, MS_MOVE);
}

/** Makes the mount at this folder the root of all processes here, and lets go of the former one. */
export function becomeRoot(folder: string): void {
  mount(null, folder, MS_PRIVATE);
  process.chdir(folder);
  // Both names the same: the former root is then mounted over the new one (pivot_root(2), NOTES).
  checked('pivot_root', systemCalls.pivotRoot('.', '.'));
  unmount('.');
}

function mount(source: string | null, target: string, flags: number): void {
  checked(`mounting over ${target}`, systemCalls.mount(source, target, null, flags, null));
}
