// Folders that a link leads to, by the names that the kernel has for them.

import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { mountedBelow } from '../../../kubectl-tp/src/volumes/live/mounted-below.ts';
import { realFolder } from '../../../kubectl-tp/src/volumes/real-folder.ts';

test('links above a folder are followed, whether it is there or not, and the folder itself is not', async (t) => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tp-real-')));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'there'));
  await symlink('there', join(folder, 'link'));
  t.is(await realFolder(join(folder, 'link/a')), join(folder, 'there/a'));
  t.is(await realFolder(join(folder, 'link/a/b/c')), join(folder, 'there/a/b/c'));
  t.is(await realFolder(join(folder, 'link')), join(folder, 'link'));
  t.is(await realFolder('/'), '/');
});

test('what is mounted below a link is found', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tp-real-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await symlink('/dev', join(folder, 'link'));
  t.true((await mountedBelow('/dev/pts')).includes('/dev/pts'));
  t.deepEqual(await mountedBelow(join(folder, 'link/pts')), await mountedBelow('/dev/pts'));
});
