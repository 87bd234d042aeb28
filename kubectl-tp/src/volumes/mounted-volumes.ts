// What whoever asked for volumes hears of them.

import type { CurrentFiles } from './current-files.ts';
import type { LiveMounts } from './live/open-live-mounts.ts';
import type { SharedVolumes } from './live/share-volumes.ts';

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

export function describeMounted(root: string, files: CurrentFiles, live: LiveMounts): MountedVolumes {
  const { shared } = live;
  return {
    root,
    mounts: [...files.mounts, ...live.mounts],
    missing: [...files.missing, ...live.missing],
    notes: live.notes,
    ...(shared === undefined ? {} : { shared: { socket: shared.socket, folders: shared.folders } }),
  };
}
