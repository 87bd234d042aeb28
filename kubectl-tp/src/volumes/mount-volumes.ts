// Brings the files of one owner to their folder, and keeps them current from then on; or what an earlier process has
// brought there. Whose turn it is, and who holds what, is left to volume-book.ts.

import type { Pod } from '../kubernetes/objects.ts';
import type { Holders } from './holders.ts';
import { unmountBelow } from './live/mounted-below.ts';
import { openVolumeKey, saveVolumeKey, type VolumeKey } from './live/volume-key.ts';
import { describeMounted, type MountedVolumes } from './mounted-volumes.ts';
import { isNotIn, type MountPlan } from './mounts.ts';
import { realFolder } from './real-folder.ts';
import { emptyCopies, removeCopies, removeFiles } from './remove-files.ts';
import { badMount, createRootFolder } from './root-folder.ts';
import type { RunningVolumes } from './running-volumes.ts';
import type { VolumeOrigin, VolumeOwner, VolumeRecord, VolumeRecords } from './volume-record.ts';

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

export type VolumeMounter = {
  /** The same owner again keeps its folder, whose files stay. Throws BAD_MOUNT. */
  mount(wish: VolumeWish, signal: AbortSignal): Promise<MountedVolumes>;
  /** What an earlier process has left. */
  takeUp(record: VolumeRecord): Promise<void>;
};

type Options = {
  readonly records: VolumeRecords;
  readonly holders: Holders;
  readonly running: RunningVolumes;
  readonly remove: (record: VolumeRecord) => Promise<void>;
  /** Of the process: what is on disk by then is the next one's. */
  readonly closing: AbortSignal;
};

export function createVolumeMounter({ records, holders, running, remove, closing }: Options): VolumeMounter {
  /** Roots of mounts that are under way: an empty one would seem to be nobody's. */
  const claims = new Set<string>();
  let key: VolumeKey | undefined;

  async function mount(wish: VolumeWish, signal: AbortSignal): Promise<MountedVolumes> {
    // By its real name: a link may lead elsewhere when the files are to go.
    const chosen = wish.root === undefined ? records.privateRoot(wish.owner) : await realFolder(wish.root);
    return claim(chosen, () => mountAt(chosen, wish, AbortSignal.any([signal, closing])));
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

  async function mountAt(
    root: string,
    { owner, pod, origin, plan, holder }: VolumeWish,
    signal: AbortSignal,
  ): Promise<MountedVolumes> {
    const known = await records.read(owner);
    const isKnown = known?.root === root;
    const wasMade = isKnown ? known.wasMade : await createRootFolder(root);
    if (known !== undefined && !isKnown) await remove(known);
    const stays = holder === undefined || (isKnown && known.stays);
    key ??= openVolumeKey(known?.key);
    const { mounts, live } = plan;
    const record = { owner, root, wasMade, pod, origin, mounts, live, key: saveVolumeKey(key), stays };
    if (holder !== undefined) holders.add(owner, holder);
    try {
      if (isKnown) await makeWay(known, plan);
      await records.write(record);
      const started = await running.start(record, signal);
      const result = describeMounted(root, started.files, await started.live);
      return { ...result, missing: [...plan.missing, ...result.missing] };
    } catch (error) {
      if (isKnown && closing.aborted) {
        // The next process takes up what was there before.
        await records.write(known);
        throw error;
      }
      if (holder !== undefined) holders.remove(owner, holder);
      if (isKnown && !holders.isUnheld(known)) await restore(known);
      // By the record on disk: what was there before may not be cleared yet.
      else await remove((await records.read(owner)) ?? record);
      throw error;
    }
  }

  /** What the plan does not have goes; what was copied comes anew. */
  async function makeWay({ owner, root, mounts, live }: VolumeRecord, plan: MountPlan): Promise<void> {
    await running.stop(owner);
    await unmountBelow(root);
    const isGone = isNotIn(plan.live);
    await removeCopies(root, live.filter(isGone));
    await emptyCopies(
      root,
      live.filter((mount) => !isGone(mount)),
    );
    await removeFiles(root, [...mounts, ...live].filter(isNotIn([...plan.mounts, ...plan.live])));
  }

  /** For others, who have the files already. */
  async function restore(record: VolumeRecord): Promise<void> {
    // What has begun for the plan that failed.
    await running.stop(record.owner);
    await records.write(record);
    // Not waited for: whoever ends the files next need not wait for a slow cluster. Fails only when they end.
    running.start(record, closing).catch(() => undefined);
  }

  return {
    mount,
    async takeUp(record) {
      key ??= openVolumeKey(record.key);
      await running.start(record, closing);
    },
  };
}
