// What is mounted below a folder of this laptop, and its end. Never looks at the mounts themselves: one without its
// server could take long to answer.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { realFolder } from '../real-folder.ts';

/**
 * By the names that the kernel has for them, inner ones first. Nothing on systems without /proc: no mount of ours is
 * made there.
 */
export async function mountedBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'latin1').catch(() => '')).split('\n');
  const wanted = Buffer.from(await realFolder(folder)).toString('latin1');
  return lines
    .map((line) => decodeOctal(line.split(' ')[MOUNT_POINT] ?? ''))
    .filter((path) => path === wanted || path.startsWith(`${wanted}/`))
    .map((path) => Buffer.from(path, 'latin1').toString())
    .toReversed();
}

/** The field of proc_pid_mountinfo(5). */
const MOUNT_POINT = 4;

/** Also while somebody is in it: nothing new gets in, and nobody hangs. Throws where it is still mounted. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of await mountedBelow(folder)) await unmountNow(path);
  const [left] = await mountedBelow(folder);
  if (left !== undefined) throw new Error(`${left} is still mounted`);
}

/** The last one is for root, who can mount without the others. */
const UNMOUNTERS = [
  ['fusermount3', '-u', '-z'],
  ['fusermount', '-u', '-z'],
  ['umount', '-l'],
] as const;

async function unmountNow(path: string): Promise<void> {
  const run = promisify(execFile);
  for (const [program, ...flags] of UNMOUNTERS) {
    // Of another version, or not there: the next one, and at last who asks looks whether it is mounted still.
    if (
      await run(program, [...flags, '--', path])
        .then(() => true)
        .catch(() => false)
    )
      return;
  }
}

/** The kernel writes blanks and the like as `\040`. */
function decodeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
