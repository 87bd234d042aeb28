// All volumes that this laptop has on disk, by what they belong to (an intercept, an ingest): who holds them, and their
// end. None is forgotten: see volume-record.ts. What keeps them current is left to running-volumes.ts.

import { rm, rmdir } from 'node:fs/promises';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import type { Pod } from '../kubernetes/objects.ts';
import type { Log } from '../log.ts';
import type { CurrentFiles } from './current-files.ts';
import { createHolders } from './holders.ts';
import { unmountBelow } from './live/mounted-below.ts';
import type { LiveMounts, OpenLiveMounts } from './live/open-live-mounts.ts';
import type { SharedVolumes } from './live/share-volumes.ts';
import { openVolumeKey, saveVolumeKey, type VolumeKey } from './live/volume-key.ts';
import { isNotIn, type MountPlan } from './mounts.ts';
import { realFolder } from './real-folder.ts';
import { removeCopies, removeFiles } from './remove-files.ts';
import { assertUsable, badMount, createRootFolder, removeRootFolder } from './root-folder.ts';
import { createRunningVolumes } from './running-volumes.ts';
import { createTurns } from './turns.ts';
import { createVolumeRecords, idOf, type VolumeOrigin, type VolumeOwner, type VolumeRecord } from './volume-record.ts';

export type MountedVolumes = {
  readonly root: string;
  /** Mount paths as the container knows them. */
  readonly mounts: readonly string[];
  readonly missing: readonly string[];
  /** What else to know of those that are there. */
  readonly notes: readonly string[];
  /** For a command that does not see mounts of this process. */
  readonly shared?: Omit<SharedVolumes, 'close'>;
};

export type VolumeWish = {
  readonly owner: VolumeOwner;
  readonly pod: Pod;
  readonly origin: VolumeOrigin;
  readonly plan: MountPlan;
  /** Absolute; else a private folder of ours. */
  readonly root?: string | undefined;
  /** Who needs the files until `release`; without one they stay until `unmount`. Any object, told apart by identity. */
  readonly holder?: object;
};

export type VolumeBook = {
  /** Before anything is done that takes long: whether `mount` could use the folder. Throws BAD_MOUNT. */
  assertUsable(owner: VolumeOwner, root: string): Promise<void>;
  /** The same owner again keeps its folder, whose files stay. Throws BAD_MOUNT. */
  mount(wish: VolumeWish, signal: AbortSignal): Promise<MountedVolumes>;
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
  /** Roots of mounts that are under way: an empty one would seem to be nobody's. */
  const claims = new Set<string>();
  let key: VolumeKey | undefined;

  function inTurn<T>(owner: VolumeOwner, change: () => Promise<T>): Promise<T> {
    return turns.of(idOf(owner), async () => {
      closing.signal.throwIfAborted();
      return change();
    });
  }

  async function claim<T>(root: string, use: () => Promise<T>): Promise<T> {
    if (claims.has(root)) throw badMount(root, 'another command is about to use it');
    claims.add(root);
    try {
      return await use();
    } finally {
      claims.delete(root);
    }
  }

  async function mount(wish: VolumeWish, signal: AbortSignal): Promise<MountedVolumes> {
    // By its real name: a link may lead elsewhere when the files are to go.
    const chosen = wish.root === undefined ? records.privateRoot(wish.owner) : await realFolder(wish.root);
    return claim(chosen, () => mountAt(chosen, wish, AbortSignal.any([signal, closing.signal])));
  }

  async function mountAt(
    root: string,
    { owner, pod, origin, plan, holder }: VolumeWish,
    signal: AbortSignal,
  ): Promise<MountedVolumes> {
    const known = await records.read(owner);
    const isKnown = known?.root === root;
    const wasMade = isKnown ? known.wasMade : await createRootFolder(root);
    if (isKnown) {
      await running.stop(owner);
      await unmountBelow(root);
      await removeCopies(root, known.live);
      await removeFiles(root, [...known.mounts, ...known.live].filter(isNotIn([...plan.mounts, ...plan.live])));
    } else if (known !== undefined) await remove(known);
    const stays = holder === undefined || (isKnown && known.stays);
    key ??= openVolumeKey(known?.key);
    const { mounts, live } = plan;
    const record = { owner, root, wasMade, pod, origin, mounts, live, key: saveVolumeKey(key), stays };
    if (holder !== undefined) holders.add(owner, holder);
    try {
      await records.write(record);
      const started = await running.start(record, signal);
      const result = describe(record, started.files, await started.live);
      return { ...result, missing: [...plan.missing, ...result.missing] };
    } catch (error) {
      if (isKnown && closing.signal.aborted) {
        // The next process takes up what was there before.
        await records.write(known);
        throw error;
      }
      if (holder !== undefined) holders.remove(owner, holder);
      if (isKnown && !isUnheld(known)) await restore(known);
      else await remove(record);
      throw error;
    }
  }

  /** For others, who have the files already. */
  async function restore(record: VolumeRecord): Promise<void> {
    await records.write(record);
    await running.start(record, closing.signal);
  }

  async function takeUp(owner: VolumeOwner, isAlive: boolean): Promise<void> {
    const record = await records.read(owner);
    if (record === undefined || running.has(owner)) return;
    if (!isAlive) return remove(record);
    key ??= openVolumeKey(record.key);
    await running.start(record, closing.signal);
  }

  async function release(owner: VolumeOwner, holder: object): Promise<void> {
    if (holders.remove(owner, holder)) await removeIf(isUnheld, owner);
  }

  async function removeIf(isUnneeded: (record: VolumeRecord) => boolean, owner: VolumeOwner): Promise<void> {
    const record = await records.read(owner);
    if (record !== undefined && isUnneeded(record)) await remove(record);
  }

  function isAbandoned(record: VolumeRecord): boolean {
    return isUnheld(record) && !holders.isExpected(record.owner);
  }

  function isUnheld({ owner, stays }: VolumeRecord): boolean {
    return !stays && !holders.isHeld(owner);
  }

  async function remove(record: VolumeRecord): Promise<void> {
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
      const takeUpOne = ({ owner, root }: VolumeRecord) =>
        inTurn(owner, () => takeUp(owner, isAlive(owner))).catch((error) =>
          log('files of a pod were not taken up', { root, error: String(error) }),
        );
      await Promise.all((await records.all()).map(takeUpOne));
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

function describe({ root }: VolumeRecord, files: CurrentFiles, live: LiveMounts): MountedVolumes {
  const { shared } = live;
  return {
    root,
    mounts: [...files.mounts, ...live.mounts],
    missing: [...files.missing, ...live.missing],
    notes: live.notes,
    ...(shared === undefined ? {} : { shared: { socket: shared.socket, folders: shared.folders } }),
  };
}
