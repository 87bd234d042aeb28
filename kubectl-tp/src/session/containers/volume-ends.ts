// Files of a pod end with the intercept they belong to, whoever ends it and whichever session process is there.

import { existsSync } from 'node:fs';
import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { Log } from '../../log.ts';
import { idOf, type VolumeOwner } from '../../volumes/volume-record.ts';
import { unlessAborted } from '../../waiting/unless-aborted.ts';
import type { Holdings } from '../holdings.ts';
import { untilEnded } from '../until-ended.ts';

export type VolumeEnds = {
  /**
   * Resolves when the intercept has ended and its files are gone, or at once where that is waited for already. Never
   * rejects: files that can't be removed stay.
   */
  unmountWhenEnded(intercept: InterceptName): Promise<void>;
  /** For all that depends on what an earlier process has left: takes it up once, however often it is asked. */
  resume(signal: AbortSignal): Promise<void>;
};

export function createVolumeEnds({ session, volumes }: Holdings, identityPath: string, log: Log): VolumeEnds {
  /** Intercepts whose end is waited for: whoever runs a command again asks for the same one again. */
  const awaited = new Set<string>();
  let resumed: Promise<void> | undefined;

  async function unmountWhenEnded({ namespace, name }: InterceptName): Promise<void> {
    const owner = { kind: 'intercept', namespace, name } as const;
    const id = idOf(owner);
    if (awaited.has(id)) return;
    awaited.add(id);
    try {
      // Not awaited any more before its files go: another one of its name may be made meanwhile.
      await untilEnded(session, owner, new AbortController().signal).finally(() => awaited.delete(id));
      await volumes.unmount(owner);
    } catch (error) {
      log('files of an ended intercept stay', { namespace, name, error: String(error) });
    }
  }

  /** Without an answer of the cluster, what may be needed stays. */
  async function resumeVolumes(): Promise<void> {
    const live = session.live();
    const isUnknown = live === undefined && existsSync(identityPath);
    const isAlive = ({ kind, namespace, name }: VolumeOwner) =>
      kind === 'ingest' || isUnknown || live?.table.get(namespace, name) !== undefined;
    await volumes.resume(isAlive);
    if (live === undefined) return;
    for (const { owner } of volumes.all()) if (owner.kind === 'intercept') void unmountWhenEnded(owner);
  }

  return {
    unmountWhenEnded,
    async resume(signal) {
      await session.resume(signal);
      resumed ??= resumeVolumes().catch((error) => log('files of pods were not taken up', { error: String(error) }));
      await unlessAborted(resumed, signal);
    },
  };
}
