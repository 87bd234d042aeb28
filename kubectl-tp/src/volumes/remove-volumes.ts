// Takes files of a pod off the laptop, with all that runs for them and is known of them.

import { rm, rmdir } from 'node:fs/promises';
import type { Log } from '../log.ts';
import type { Holders } from './holders.ts';
import { unmountBelow } from './live/mounted-below.ts';
import { removeRootFolder } from './root-folder.ts';
import type { RunningVolumes } from './running-volumes.ts';
import type { VolumeRecord, VolumeRecords } from './volume-record.ts';

type Options = {
  /** Of records and private roots; removed when it is empty. */
  readonly folder: string;
  readonly records: VolumeRecords;
  readonly holders: Holders;
  readonly running: RunningVolumes;
  readonly log: Log;
};

export async function removeVolumes(record: VolumeRecord, options: Options): Promise<void> {
  const { folder, records, holders, running, log } = options;
  const { owner, root } = record;
  await running.stop(owner);
  // What is deleted below a mount is deleted in the pod.
  await unmountBelow(root);
  running.forget(owner);
  holders.forget(owner);
  // Nobody has chosen a folder of ours to put something there.
  if (root === records.privateRoot(owner)) await rm(root, { recursive: true, force: true });
  else {
    const left = await removeRootFolder(record);
    if (left.length > 0) log('files that are not from the pod stay in the folder of a --mount', { root, left });
  }
  await records.remove(owner);
  // Others may be in it.
  await rmdir(folder).catch(() => undefined);
}
