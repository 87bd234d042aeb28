// The end of what is mounted below a folder, in a mount namespace whose root has no other program for it than umount.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const MODULE = fileURLToPath(new URL('../../../kubectl-tp/src/volumes/live/mounted-below.ts', import.meta.url));
const CODE = `
const { mountedBelow, unmountBelow } = await import(${JSON.stringify(MODULE)});
const before = await mountedBelow(process.argv[1]);
await unmountBelow(process.argv[1]);
console.log(JSON.stringify([before, await mountedBelow(process.argv[1])]));`;

test('inner mounts before outer ones, whatever their names are, also those in use', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-below-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const outer = join(folder, 'a b');
  await mkdir(outer);
  const script = `
    mount -t tmpfs tmpfs "$1/a b"; mkdir "$1/a b/ü"; mount -t tmpfs tmpfs "$1/a b/ü"; cd "$1/a b/ü"
    exec "$2" --input-type=module -e "$3" "$1"`;
  const flags = ['--user', '--map-root-user', '--mount', '--', 'sh', '-ec', script, 'sh'];
  const { stdout } = await promisify(execFile)('unshare', [...flags, folder, process.execPath, CODE]);
  t.deepEqual(JSON.parse(stdout), [[join(outer, 'ü'), outer], []]);
});
