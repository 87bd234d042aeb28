// A machine of an ordinary user with sshfs, where mounting is allowed or forbidden as a test wants it.

import { mountProgramsFolder } from '../../lab/programs.ts';
import type { Machine } from './ordinary-person.ts';

export type FuseMachineOptions = {
  /** As distributions install it. Without, an ordinary user can mount in a namespace of their own only. */
  readonly isSetuid: boolean;
  /** Of /dev/fuse; distributions have 0666. */
  readonly deviceMode: '666' | '600';
};

const FOLDER = '/mnt';

export async function fuseMachine({ isSetuid, deviceMode }: FuseMachineOptions): Promise<Machine> {
  const fusermount = `${FOLDER}/mount/bin/fusermount3`;
  const furnish = `
    mount -t tmpfs -o mode=755 tmpfs ${FOLDER}
    cp -a ${await mountProgramsFolder()}/* ${FOLDER}/
    chmod 755 ${FOLDER}/*
    chmod ${isSetuid ? 4755 : 755} ${fusermount}
    # libfuse looks there first.
    for path in /bin/fusermount3 /usr/bin/fusermount3; do [ ! -e $path ] || mount --bind ${fusermount} $path; done
    mknod -m ${deviceMode} ${FOLDER}/fuse c 10 229
    mount --bind ${FOLDER}/fuse /dev/fuse`;
  return { furnish, programs: `${FOLDER}/bin` };
}
