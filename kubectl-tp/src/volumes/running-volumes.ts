// What runs for volumes of this laptop: their files kept current, their live mounts. What is on disk, and who holds it, is
// left to volume-book.ts.

import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { Log } from '../log.ts';
import { type CurrentFiles, createCurrentFiles } from './current-files.ts';
import { unmountBelow } from './live/mounted-below.ts';
import type { LiveMounts, OpenLiveMounts } from './live/open-live-mounts.ts';
import { openVolumeKey } from './live/volume-key.ts';
import { idOf, type VolumeOwner, type VolumeRecord } from './volume-record.ts';

export type Running = {
  readonly files: CurrentFiles;
  /** May take longer than the rest. */
  readonly live: Promise<LiveMounts>;
};

export type RunningVolumes = {
  /** Resolves when the files are there. */
  start(record: VolumeRecord, signal: AbortSignal): Promise<Running>;
  /** Nothing is kept current any more. The files stay, and so does the entry. */
  stop(owner: VolumeOwner): Promise<void>;
  /** What is still being brought ends at once, with an error: it has its owner's turn, and may take long to come. */
  hurry(owners: readonly VolumeOwner[]): void;
  has(owner: VolumeOwner): boolean;
  all(): readonly VolumeRecord[];
  forget(owner: VolumeOwner): void;
};

type Options = {
  readonly client: KubernetesClient;
  readonly openLive: OpenLiveMounts;
  readonly socketPath: (owner: VolumeOwner) => string;
  readonly log: Log;
};

type Entry = {
  readonly record: VolumeRecord;
  readonly lifetime: AbortController;
  readonly started: Promise<Running>;
};

export function createRunningVolumes({ client, openLive, socketPath, log }: Options): RunningVolumes {
  const entries = new Map<string, Entry>();

  async function startNow(record: VolumeRecord, signal: AbortSignal): Promise<Running> {
    const { owner, root, pod, mounts } = record;
    const files = await createCurrentFiles({ client, namespace: owner.namespace, pod, mounts, root, log, signal });
    const live = startLive(record, signal);
    live.catch(() => undefined); // whoever waits for it hears
    return { files, live };
  }

  async function startLive(record: VolumeRecord, signal: AbortSignal): Promise<LiveMounts> {
    const { owner, root, pod, origin, live: mounts } = record;
    if (mounts.length === 0) return NOTHING_LIVE;
    // Of a process that was killed: its mounts have nobody behind them.
    await unmountBelow(root);
    const source = { namespace: owner.namespace, ...origin, pod: pod.metadata.name, mounts };
    return openLive({ source, root, key: openVolumeKey(record.key), socket: socketPath(owner) }, signal);
  }

  return {
    start(record, signal) {
      const lifetime = new AbortController();
      const started = startNow(record, AbortSignal.any([signal, lifetime.signal]));
      // Before the cluster has answered: it may be slow, too.
      entries.set(idOf(record.owner), { record, lifetime, started });
      return started;
    },
    async stop(owner) {
      const entry = entries.get(idOf(owner));
      if (entry === undefined) return;
      entry.lifetime.abort(notWanted());
      const running = await entry.started.catch(() => undefined); // whoever has started it hears
      if (running === undefined) return;
      await running.files.close();
      await running.live.then((live) => live.close()).catch((error) => log('live files', { error: String(error) }));
    },
    hurry(owners) {
      for (const owner of owners) entries.get(idOf(owner))?.lifetime.abort(notWanted());
    },
    has: (owner) => entries.has(idOf(owner)),
    all: () => [...entries.values()].map(({ record }) => record),
    forget: (owner) => void entries.delete(idOf(owner)),
  };
}

const NOTHING_LIVE: LiveMounts = { mounts: [], missing: [], notes: [], close: async () => undefined };

function notWanted(): Error {
  return new Error('the files are not wanted any more');
}
