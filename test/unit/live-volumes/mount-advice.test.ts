// What a person is told to do about a laptop that can't mount.

import test from 'ava';
import { adviseMount } from '../../../kubectl-tp/src/volumes/live/mount-advice.ts';

/** In the words that sshfs ends with. */
for (const [why, advice] of [
  ['the program sshfs is not on this machine', /install sshfs/],
  ['live mounts need Linux, this is darwin', /WSL 2/],
  ['fuse: failed to exec fusermount3: No such file or directory', /install fuse3.*--network cluster/],
  ['fusermount3: mount failed: Operation not permitted', /chmod u\+s.*--network cluster/],
  ['fuse: failed to open /dev/fuse: Permission denied', /chmod 666 \/dev\/fuse/],
  ["fuse: device not found, try 'modprobe fuse' first", /modprobe fuse/],
] as const) {
  test(why, (t) => {
    t.regex(adviseMount(why) ?? '', advice);
  });
}

test('what no program on the laptop would change is not blamed on one', (t) => {
  t.is(adviseMount('it is one file'), undefined);
  t.is(adviseMount('sshfs does not mount within 10 s'), undefined);
});
