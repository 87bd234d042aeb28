// Has live volumes mounted in this process's mount namespace, by a process of their own: who asks the kernel for a file
// and would have to answer for it, too, waits for itself.

import { spawn } from 'node:child_process';
import { MOUNT_PROCESS_WORD } from '../../ipc/words.ts';
import { programPath } from '../../program-path.ts';
import type { LiveVolumesInside } from './messages.ts';

export type MountWish = { readonly root: string; readonly live: LiveVolumesInside };
/** By paths as the container knows them, without a slash at the end. */
export type NotMounted = { readonly path: string; readonly why: string };

/** Resolves with what can't be mounted. The mounts end with this process. */
export function mountLiveVolumes(root: string, live: LiveVolumesInside): Promise<readonly NotMounted[]> {
  // Ctrl-C at a terminal is for the command.
  const child = spawn(process.execPath, ['--', programPath(), MOUNT_PROCESS_WORD], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
  });
  return new Promise((resolve) => {
    const fail = () =>
      resolve(
        live.folders.map(({ mount: { path } }) => ({ path: `/${path.join('/')}`, why: 'it can not be mounted' })),
      );
    child.once('error', fail).once('exit', fail);
    child.once('message', (missing) => resolve(missing as NotMounted[]));
    child.send({ root, live } satisfies MountWish);
  });
}
