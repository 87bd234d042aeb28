// Which links of a volume the laptop is shown, and how.

import test from 'ava';
import { containLink } from '../../../kubectl-tp/src/volumes/live/contain-link.ts';

const MOUNT = ['srv', 'data'];
/** Path of the link below the mount, its target, and what the laptop sees. */
const CASES: readonly [string, string, string | undefined][] = [
  ['link', 'file', 'file'],
  ['link', './a/b', './a/b'],
  ['a/b/link', '../../c', '../../c'],
  ['a/b/link', '../../../c', undefined],
  ['link', '..', undefined],
  ['link', 'a/../b', undefined],
  ['a/link', '../b/../../etc', undefined],
  ['link', '/etc/passwd', undefined],
  ['link', '/srv/data/x', 'x'],
  ['a/b/link', '/srv/data/x/y', '../../x/y'],
  ['link', '/srv/data', '.'],
  ['link', '/srv/data/../../etc', undefined],
  ['link', '/srv/database/x', undefined],
  ['link', '', undefined],
];

for (const [path, target, seen] of CASES) {
  test(`${path} -> ${target || '(nothing)'} is ${seen ?? 'refused'}`, (t) => {
    t.is(containLink(path.split('/'), target, MOUNT), seen);
  });
}
