// Kinds of files by the modes that real files have.

import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { kindOf } from '../../../kubectl-tp/src/volumes/live/file-kind.ts';

test('a folder, a file, a link, and what is none of them', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tp-kinds-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, '');
  symlinkSync(file, link);
  const kinds = [folder, file, link, '/dev/null'].map((path) => kindOf({ mode: lstatSync(path).mode }));
  t.deepEqual(kinds, ['folder', 'file', 'link', undefined]);
});
