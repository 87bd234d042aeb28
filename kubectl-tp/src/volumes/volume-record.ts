// What is on disk about volumes of this laptop: a record of each beside its files, so that the next session process keeps
// them current or removes them.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../kubernetes/objects.ts';
import type { TargetName } from '../kubernetes/target.ts';
import { writePrivateFile } from '../write-private-file.ts';
import type { LiveMount, Mount } from './mounts.ts';

/** Whom volumes belong to. */
export type VolumeOwner = {
  readonly kind: 'intercept' | 'ingest';
  readonly namespace: string;
  readonly name: string;
  /** What tells ingests of one target apart, as they were asked for: each has files of its own. */
  readonly container?: string;
  readonly root?: string;
};

/** Where another pod with the same volumes is found when this one is gone. */
export type VolumeOrigin = { readonly target: TargetName; readonly container: string };

export type VolumeRecord = {
  readonly owner: VolumeOwner;
  readonly root: string;
  readonly wasMade: boolean;
  readonly pod: Pod;
  readonly origin: VolumeOrigin;
  readonly mounts: readonly Mount[];
  readonly live: readonly LiveMount[];
  /** See `saveVolumeKey`. */
  readonly key: string;
  /** Without holders, too. */
  readonly stays: boolean;
};
export type VolumeRecords = {
  /** Undefined where there is none, or one that is damaged. */
  read(owner: VolumeOwner): Promise<VolumeRecord | undefined>;
  /** Makes the folder when it is needed. */
  write(record: VolumeRecord): Promise<void>;
  remove(owner: VolumeOwner): Promise<void>;
  all(): Promise<VolumeRecord[]>;
  /** A folder for files that nobody has chosen one for. */
  privateRoot(owner: VolumeOwner): string;
  socketPath(owner: VolumeOwner): string;
};

/** `folder`: for records, private roots and sockets. */
export function createVolumeRecords(folder: string): VolumeRecords {
  const pathOf = (owner: VolumeOwner) => join(folder, `${idOf(owner)}.json`);
  return {
    read: (owner) => readRecord(pathOf(owner)),
    async write(record) {
      const write = async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writePrivateFile(pathOf(record.owner), JSON.stringify(record));
      };
      await write().catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        // Whoever removed the last other record took the empty folder away meanwhile.
        return write();
      });
    },
    remove: (owner) => rm(pathOf(owner), { force: true }),
    async all() {
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
      const found = await Promise.all(names.map((name) => readRecord(join(folder, name))));
      return found.flatMap((record) => record ?? []);
    },
    privateRoot: (owner) => join(folder, idOf(owner)),
    socketPath: (owner) => join(folder, `${idOf(owner)}.sock`),
  };
}

/** Undefined where there is none, or one that is damaged. Only its owner can have written it. */
async function readRecord(path: string): Promise<VolumeRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as VolumeRecord;
  } catch {
    return undefined;
  }
}

/** A name for files: names of the cluster may be too long for one. */
export function idOf({ kind, namespace, name, container, root }: VolumeOwner): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, namespace, name, container, root]))
    .digest('hex')
    .slice(0, 16);
}
