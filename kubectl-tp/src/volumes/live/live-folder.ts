// One folder of a pod mounted on this laptop: sshfs, and the relay that it speaks to. Both end together.

import type { Duplex } from 'node:stream';
import { describeError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { unlessAborted } from '../../waiting/unless-aborted.ts';
import { createSftpRelay } from './sftp-relay.ts';
import { startSshfs } from './sshfs.ts';

export type LiveFolder = {
  /** Resolves when it is not mounted any more. */
  close(): Promise<void>;
};

type Options = {
  /** On the laptop, empty. */
  readonly folder: string;
  readonly exported: string;
  readonly mount: { readonly path: readonly string[]; readonly isReadOnly: boolean };
  readonly dial: (signal: AbortSignal) => Promise<Duplex>;
  readonly log: Log;
  /** Until it is mounted. */
  readonly signal: AbortSignal;
};

/** Throws when the pod is not reached, or the laptop can't mount. */
export async function createLiveFolder({ folder, exported, mount, dial, log, signal }: Options): Promise<LiveFolder> {
  const first = await dial(signal);
  const sshfs = startSshfs({ folder, exported, isReadOnly: mount.isReadOnly });
  const relay = createSftpRelay({
    ...sshfs,
    first,
    dial,
    mountPath: mount.path,
    onTrouble: (error) => log('live files are out of reach', { folder, why: describeError(error).message }),
  });
  try {
    await unlessAborted(sshfs.mounted, signal);
  } catch (error) {
    relay.close();
    // Whoever writes into the folder next writes on the laptop.
    await sshfs.close();
    throw error;
  }
  return {
    async close() {
      await sshfs.close();
      relay.close();
    },
  };
}
