// The volumes of a container whose content only the pod has, below a root folder: mounted by sshfs, or copied once where
// this machine can't mount. What can't be had costs a sentence and nothing else.

import { join } from 'node:path';
import { describeError } from '../../errors.ts';
import type { Cluster } from '../../kubernetes/client.ts';
import type { Log } from '../../log.ts';
import { describeVolume, type LiveMount } from '../mounts.ts';
import { makeFolder } from '../write-files.ts';
import { copySnapshot, SNAPSHOT_LIMITS } from './copy-snapshot.ts';
import { createVolumeDialer, type DialVolumes, type VolumeSource } from './dial-volumes.ts';
import { kindOf } from './file-kind.ts';
import { createLiveFolder, type LiveFolder } from './live-folder.ts';
import { adviseMount } from './mount-advice.ts';
import { unmountBelow } from './mounted-below.ts';
import { createSftpClient, type SftpClient } from './sftp-client.ts';
import { type SharedFolder, type SharedVolumes, shareVolumes } from './share-volumes.ts';
import { whyNoSshfs } from './sshfs.ts';
import type { VolumeKey } from './volume-key.ts';

export type LiveMounts = {
  /** Mount paths, as the container knows them, of those that are there. */
  readonly mounts: readonly string[];
  /** A sentence for each that is not. */
  readonly missing: readonly string[];
  /** What else a person should know: copies that do not follow the pod. */
  readonly notes: readonly string[];
  /** For a command whose mount namespace does not see mounts of this one. */
  readonly shared?: SharedVolumes;
  /** Resolves when nothing is mounted any more. Copies stay. */
  close(): Promise<void>;
};

export type LiveWish = {
  readonly source: VolumeSource;
  readonly root: string;
  readonly key: VolumeKey;
  /** Path of the socket of `shared`. */
  readonly socket: string;
};

/** Resolves when they are there, as far as they can be. Throws only when it is aborted. */
export type OpenLiveMounts = (wish: LiveWish, signal: AbortSignal) => Promise<LiveMounts>;

type Options = { readonly cluster: Cluster; readonly installNamespace: string; readonly log: Log };

export function createLiveOpener({ cluster, installNamespace, log }: Options): OpenLiveMounts {
  return async ({ source, root, key, socket }, signal) => {
    const dial = createVolumeDialer({ ...source, cluster, installNamespace, key });
    // First: a command that an earlier process has left waits for it, and copies take their time.
    const sharing = await shareVolumes(socket, dial);
    const opened = await openAll({ mounts: source.mounts, root, dial, log, signal }).catch((error) => {
      sharing?.close();
      throw error;
    });
    const folders = opened.flatMap(sharedFolder);
    if (folders.length === 0) sharing?.close();
    const shared = sharing === undefined || folders.length === 0 ? undefined : { ...sharing, folders };
    return {
      mounts: opened.flatMap(({ mount, why }) => (why === undefined ? [mount.mountPath] : [])),
      missing: opened.flatMap(({ mount, why }) =>
        why === undefined ? [] : [describeVolume(mount.volume, mount.mountPath, why)],
      ),
      notes: opened.flatMap(({ notes }) => notes),
      ...(shared === undefined ? {} : { shared }),
      async close() {
        shared?.close();
        await Promise.all(opened.map(({ folder }) => folder?.close()));
      },
    };
  };
}

type OpenOptions = {
  readonly mounts: readonly LiveMount[];
  readonly root: string;
  readonly dial: DialVolumes;
  readonly log: Log;
  readonly signal: AbortSignal;
};

type Opened = {
  readonly mount: LiveMount;
  readonly share: { readonly mount: LiveMount; readonly exported: string };
  readonly folder?: LiveFolder;
  /** There is sshfs, but it can't mount for this process. A command's own mount namespace may let it. */
  readonly isCopied?: boolean;
  /** Why it is not there. */
  readonly why?: string;
  readonly notes: readonly string[];
};

async function openAll(options: OpenOptions): Promise<Opened[]> {
  const { mounts, dial, signal } = options;
  let client: SftpClient;
  try {
    client = createSftpClient(await dial(signal), signal);
  } catch (error) {
    signal.throwIfAborted();
    const { message, hint } = describeError(error);
    const why = hint === undefined ? message : `${message} ${hint}`;
    return mounts.map((mount, at) => ({ ...namesOf(mount, at), why, notes: [] }));
  }
  try {
    const noSshfs = await whyNoSshfs(process.env);
    const left = { ...SNAPSHOT_LIMITS };
    const opened: Opened[] = [];
    // One after the other: copies share their limits.
    for (const [at, mount] of mounts.entries()) {
      opened.push(await openOne({ ...options, ...namesOf(mount, at), client, noSshfs, left }));
    }
    return opened;
  } finally {
    client.close();
  }
}

type OneOptions = OpenOptions &
  Pick<Opened, 'mount' | 'share'> & {
    readonly client: SftpClient;
    readonly noSshfs: string | undefined;
    readonly left: { bytes: number; files: number };
  };

async function openOne(options: OneOptions): Promise<Opened> {
  const { mount, share, client, noSshfs, root, dial, log, signal } = options;
  const names = { mount, share };
  let isCopied = false;
  try {
    const attributes = await client.attributes(share.exported);
    if (kindOf(attributes) !== 'folder')
      return { ...names, notes: await copy(options, mount.path.slice(0, -1), 'it is one file') };
    if (noSshfs !== undefined) return { ...names, notes: await copy(options, mount.path, noSshfs) };
    const folder = await makeFolder(root, mount.path);
    try {
      return { ...names, folder: await createLiveFolder({ folder, ...share, dial, log, signal }), notes: [] };
    } catch (error) {
      signal.throwIfAborted();
      // A copy into it would be written in the pod.
      await unmountBelow(folder);
      isCopied = true;
      return { ...names, isCopied, notes: await copy(options, mount.path, describeError(error).message) };
    }
  } catch (error) {
    signal.throwIfAborted();
    return { ...names, isCopied, why: describeError(error).message, notes: [] };
  }
}

/** Below `folder`, which is made. Resolves with what to tell about it. */
async function copy(
  { mount, share, client, root, left, signal }: OneOptions,
  folder: readonly string[],
  why: string,
): Promise<string[]> {
  await makeFolder(root, folder);
  const target = join(root, ...mount.path);
  const { leftOut, leftOutCount } = await copySnapshot({
    client,
    exported: share.exported,
    target,
    mountPath: mount.path,
    left,
    signal,
  });
  const rest = leftOutCount > leftOut.length ? [`and ${leftOutCount - leftOut.length} more`] : [];
  const follows = mount.isReadOnly
    ? 'does not follow the pod'
    : 'does not follow the pod, which gets nothing that is written into it';
  return [
    [`${mount.mountPath} is a copy as of now and ${follows}: ${why}.`, adviseMount(why)].filter(Boolean).join(' '),
    ...(leftOut.length === 0 ? [] : [`the copy of ${mount.mountPath} lacks ${[...leftOut, ...rest].join(', ')}`]),
  ];
}

function sharedFolder({ share, folder, isCopied = false, notes }: Opened): SharedFolder[] {
  return folder === undefined && !isCopied ? [] : [{ ...share, isCopied, notes }];
}

function namesOf(mount: LiveMount, at: number): Pick<Opened, 'mount' | 'share'> {
  return { mount, share: { mount, exported: `/${at}` } };
}
