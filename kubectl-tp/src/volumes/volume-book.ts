// All volumes that this laptop has on disk, by what they belong to (an intercept, an ingest): who holds them, and their
// end. None is forgotten: see volume-record.ts. What keeps them current is left to running-volumes.ts.

import { rm } from 'node:fs/promises';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createHolders } from './holders.ts';
import { unmountBelow } from './live/mounted-below.ts';
import type { OpenLiveMounts } from './live/open-live-mounts.ts';
import { createVolumeMounter, type VolumeMounter } from './mount-volumes.ts';
import { realFolder } from './real-folder.ts';
import { removeVolumes } from './remove-volumes.ts';
import { assertUsable } from './root-folder.ts';
import { createRunningVolumes } from './running-volumes.ts';
import { createTurns } from './turns.ts';
import { createVolumeRecords, idOf, type VolumeOwner, type VolumeRecord } from './volume-record.ts';

export type VolumeBook = {
  /** Before anything is done that takes long: whether `mount` could use the folder. Throws BAD_MOUNT. */
  assertUsable(owner: VolumeOwner, root: string): Promise<void>;
  readonly mount: VolumeMounter['mount'];
  /** The last holder's removes the files, unless they were mounted to stay, too. */
  release(owner: VolumeOwner, holder: object): Promise<void>;
  /** Whoever holds them. Nothing happens where there are none. */
  unmount(owner: VolumeOwner): Promise<void>;
  unmountAll(): Promise<void>;
  /** Takes up what an earlier process has left, or removes it where the owner is gone. */
  resume(isAlive: (owner: VolumeOwner) => boolean): Promise<void>;
  all(): readonly { readonly owner: VolumeOwner; readonly root: string }[];
  /** Somebody has asked for these and may have them by now; whether `mount` comes depends on the cluster. */
  expect(owner: VolumeOwner): void;
  /** Not meant to stay, held by nobody, and not expected: an earlier process had a holder that may come back. */
  unheld(): readonly VolumeOwner[];
  /** Nothing happens where somebody holds or expects them by now. */
  unmountUnheld(owner: VolumeOwner): Promise<void>;
  /** Nothing is kept current, mounted or removed any more. The files stay: they are the next process's. */
  close(): Promise<void>;
};

type Options = {
  readonly client: KubernetesClient;
  /** For records and roots; made when it is needed, removed when it is empty. */
  readonly folder: string;
  readonly openLive: OpenLiveMounts;
  readonly log: Log;
};

export function createVolumeBook({ client, folder, openLive, log }: Options): VolumeBook {
  const holders = createHolders();
  const records = createVolumeRecords(folder);
  const running = createRunningVolumes({ client, openLive, socketPath: records.socketPath, log });
  const turns = createTurns();
  const closing = new AbortController();
  const remove = (record: VolumeRecord) => removeVolumes(record, { folder, records, holders, running, log });
  const { mount, takeUp } = createVolumeMounter({ records, holders, running, remove, closing: closing.signal });

  function inTurn<T>(owner: VolumeOwner, change: () => Promise<T>): Promise<T> {
    return turns.of(idOf(owner), async () => {
      closing.signal.throwIfAborted();
      return change();
    });
  }

  async function resumeOne(owner: VolumeOwner, isAlive: boolean): Promise<void> {
    const record = await records.read(owner);
    if (record === undefined || running.has(owner)) return;
    await (isAlive ? takeUp(record) : remove(record));
  }

  async function release(owner: VolumeOwner, holder: object): Promise<void> {
    if (holders.remove(owner, holder)) await removeIf(holders.isUnheld, owner);
  }

  async function removeIf(isUnneeded: (record: VolumeRecord) => boolean, owner: VolumeOwner): Promise<void> {
    const record = await records.read(owner);
    if (record !== undefined && isUnneeded(record)) await remove(record);
  }

  function isAbandoned(record: VolumeRecord): boolean {
    return holders.isUnheld(record) && !holders.isExpected(record.owner);
  }

  return {
    async assertUsable(owner, root) {
      const known = await records.read(owner);
      const chosen = await realFolder(root);
      if (known?.root !== chosen) await assertUsable(chosen);
    },
    mount: (wish, signal) => inTurn(wish.owner, () => mount(wish, signal)),
    release: (owner, holder) => inTurn(owner, () => release(owner, holder)),
    unmount(owner) {
      running.hurry([owner]);
      return inTurn(owner, async () => {
        const record = await records.read(owner);
        if (record !== undefined) await remove(record);
      });
    },
    unmountAll() {
      running.hurry(running.all().map(({ owner }) => owner));
      return turns.ofAll(async () => {
        closing.signal.throwIfAborted();
        const removed = await Promise.allSettled((await records.all()).map(remove));
        for (const one of removed) if (one.status === 'rejected') throw one.reason;
        // What is left has no record that can be read.
        await unmountBelow(folder);
        await rm(folder, { recursive: true, force: true });
      });
    },
    async resume(isAlive) {
      const resumeInTurn = ({ owner, root }: VolumeRecord) =>
        inTurn(owner, () => resumeOne(owner, isAlive(owner))).catch((error) =>
          log('files of a pod were not taken up', { root, error: String(error) }),
        );
      await Promise.all((await records.all()).map(resumeInTurn));
    },
    all: () => running.all().map(({ owner, root }) => ({ owner, root })),
    expect: holders.expect,
    unheld: () =>
      running
        .all()
        .filter(isAbandoned)
        .map(({ owner }) => owner),
    unmountUnheld: (owner) => inTurn(owner, () => removeIf(isAbandoned, owner)),
    close() {
      closing.abort(ending());
      return turns.ofAll(async () => {
        const owners = running.all().map(({ owner }) => owner);
        await Promise.all(owners.map(running.stop));
        owners.forEach(running.forget);
      });
    },
  };
}

function ending(): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process ends.', { hint: 'Run the command again.' });
}
