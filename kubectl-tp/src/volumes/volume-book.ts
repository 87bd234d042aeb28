// All volumes that this laptop has on disk, by what they belong to (an intercept, an ingest): who holds them, what keeps
// them current, and their end. None is forgotten: see volume-record.ts.

import { rm, rmdir } from 'node:fs/promises';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { Pod } from '../kubernetes/objects.ts';
import type { Log } from '../session/log.ts';
import { unmountBelow } from './live/mounted-below.ts';
import type { LiveMounts, OpenLiveMounts } from './live/open-live-mounts.ts';
import type { SharedVolumes } from './live/share-volumes.ts';
import { openVolumeKey, saveVolumeKey, type VolumeKey } from './live/volume-key.ts';
import { createLiveVolumes, type LiveVolumes } from './live-volumes.ts';
import type { Mount, MountPlan } from './mounts.ts';
import { realFolder } from './real-folder.ts';
import { removeCopies, removeFiles } from './remove-files.ts';
import { assertUsable, createRootFolder, removeRootFolder } from './root-folder.ts';
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
  /** Nothing is kept current any more. The files stay. */
  close(): Promise<void>;
};

type Options = {
  readonly client: KubernetesClient;
  /** For records and roots; made when it is needed, removed when it is empty. */
  readonly folder: string;
  readonly openLive: OpenLiveMounts;
  readonly log: Log;
};

type Entry = {
  readonly record: VolumeRecord;
  readonly files: LiveVolumes;
  readonly live: Promise<LiveMounts>;
  readonly lifetime: AbortController;
};

export function createVolumeBook({ client, folder, openLive, log }: Options): VolumeBook {
  const entries = new Map<string, Entry>();
  /** By entry. They are calls to this process: none outlives it. */
  const holders = new Map<string, Set<object>>();
  const records = createVolumeRecords(folder);
  let key: VolumeKey | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One change of the book after the other. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = turn.catch(() => undefined).then(change);
    turn = changed;
    return changed;
  }

  /** `live` of the result may take longer than the rest. */
  async function start(record: VolumeRecord, signal: AbortSignal): Promise<Entry> {
    const { owner, root, pod, mounts } = record;
    const files = await createLiveVolumes({ client, namespace: owner.namespace, pod, mounts, root, log, signal });
    const lifetime = new AbortController();
    const live = startLive(record, AbortSignal.any([signal, lifetime.signal]));
    live.catch(() => undefined); // whoever waits for it hears
    const entry = { record, files, live, lifetime };
    entries.set(idOf(owner), entry);
    return entry;
  }

  async function startLive(record: VolumeRecord, signal: AbortSignal): Promise<LiveMounts> {
    const { owner, root, pod, origin, live: mounts } = record;
    if (mounts.length === 0) return NOTHING_LIVE;
    // Of a process that was killed: its mounts have nobody behind them.
    await unmountBelow(root);
    const source = { namespace: owner.namespace, ...origin, pod: pod.metadata.name, mounts };
    key ??= openVolumeKey(record.key);
    return openLive({ source, root, key, socket: records.socketPath(owner) }, signal);
  }

  async function stop(owner: VolumeOwner): Promise<void> {
    const entry = entries.get(idOf(owner));
    if (entry === undefined) return;
    entry.lifetime.abort(notWanted());
    await entry.files.close();
    await entry.live.then((live) => live.close()).catch((error) => log('live files', { error: String(error) }));
  }

  async function mount(
    { owner, pod, origin, plan, root, holder }: VolumeWish,
    signal: AbortSignal,
  ): Promise<MountedVolumes> {
    // By its real name: a link may lead elsewhere when the files are to go.
    const chosen = root === undefined ? records.privateRoot(owner) : await realFolder(root);
    const known = await records.read(owner);
    const isKnown = known?.root === chosen;
    const wasMade = isKnown ? known.wasMade : await createRootFolder(chosen);
    if (isKnown) {
      await stop(owner);
      await unmountBelow(chosen);
      await removeCopies(chosen, known.live);
      await removeFiles(chosen, [...known.mounts, ...known.live].filter(isNotIn([...plan.mounts, ...plan.live])));
    } else if (known !== undefined) await remove(known);
    const stays = holder === undefined || (isKnown && known.stays);
    key ??= openVolumeKey(known?.key);
    const { mounts, live } = plan;
    const record = { owner, root: chosen, wasMade, pod, origin, mounts, live, key: saveVolumeKey(key), stays };
    try {
      await records.write(record);
      const started = await start(record, signal);
      const result = describe(record, started.files, await started.live);
      if (holder !== undefined) holdersOf(owner).add(holder);
      return { ...result, missing: [...plan.missing, ...result.missing] };
    } catch (error) {
      if (isKnown && (known.stays || holdersOf(owner).size > 0)) await restore(known);
      else await remove(record);
      throw error;
    }
  }

  /** For others, who have the files already. */
  async function restore(record: VolumeRecord): Promise<void> {
    await records.write(record);
    await start(record, new AbortController().signal);
  }

  function holdersOf(owner: VolumeOwner): Set<object> {
    const found = holders.get(idOf(owner)) ?? new Set();
    holders.set(idOf(owner), found);
    return found;
  }

  async function release(owner: VolumeOwner, holder: object): Promise<void> {
    const held = holdersOf(owner);
    if (!held.delete(holder) || held.size > 0) return;
    holders.delete(idOf(owner));
    const record = await records.read(owner);
    if (record !== undefined && !record.stays) await remove(record);
  }

  async function remove(record: VolumeRecord): Promise<void> {
    const { owner, root } = record;
    await stop(owner);
    // What is deleted below a mount is deleted in the pod.
    await unmountBelow(root);
    entries.delete(idOf(owner));
    holders.delete(idOf(owner));
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
    mount: (wish, signal) => inTurn(() => mount(wish, signal)),
    release: (owner, holder) => inTurn(() => release(owner, holder)),
    unmount: (owner) => {
      hurry([entries.get(idOf(owner))]);
      return inTurn(async () => {
        const record = await records.read(owner);
        if (record !== undefined) await remove(record);
      });
    },
    unmountAll: () => {
      hurry(entries.values());
      return inTurn(async () => {
        for (const record of await records.all()) await remove(record);
        // What is left has no record that can be read.
        await unmountBelow(folder);
        await rm(folder, { recursive: true, force: true });
      });
    },
    resume: (isAlive) =>
      inTurn(async () => {
        for (const record of await records.all()) {
          if (entries.has(idOf(record.owner))) continue;
          if (isAlive(record.owner)) await start(record, new AbortController().signal);
          else await remove(record);
        }
      }),
    all: () => [...entries.values()].map(({ record: { owner, root } }) => ({ owner, root })),
    close: () => {
      hurry(entries.values());
      return inTurn(async () => {
        await Promise.all([...entries.values()].map(({ record }) => stop(record.owner)));
        entries.clear();
      });
    },
  };
}

/** What is still being opened has the turn, and a pod may be slow to answer: its end is not waited for. */
function hurry(ending: Iterable<Entry | undefined>): void {
  for (const entry of ending) entry?.lifetime.abort(notWanted());
}

function notWanted(): Error {
  return new Error('the files are not wanted any more');
}

const NOTHING_LIVE: LiveMounts = { mounts: [], missing: [], notes: [], close: async () => undefined };

function describe({ root }: VolumeRecord, files: LiveVolumes, live: LiveMounts): MountedVolumes {
  const { shared } = live;
  return {
    root,
    mounts: [...files.mounts, ...live.mounts],
    missing: [...files.missing, ...live.missing],
    notes: live.notes,
    ...(shared === undefined ? {} : { shared: { socket: shared.socket, folders: shared.folders } }),
  };
}

type Place = Pick<Mount, 'path' | 'subPath'>;

/** What another pod of the same owner had. */
function isNotIn(mounts: readonly Place[]): (mount: Place) => boolean {
  const placeOf = ({ path, subPath }: Place) => JSON.stringify([path, subPath]);
  const places = new Set(mounts.map(placeOf));
  return (mount) => !places.has(placeOf(mount));
}
