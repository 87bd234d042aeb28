// Files of a pod end with the intercept they belong to, whoever ends it and whichever session process is there.

import { existsSync } from 'node:fs';
import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { Log } from '../../log.ts';
import type { VolumeOwner } from '../../volumes/volume-record.ts';
import { unlessAborted } from '../../waiting/unless-aborted.ts';
import type { Holdings } from '../holdings.ts';
import { untilEnded } from '../until-ended.ts';

/** Resolves when the intercept has ended and its files are gone. Never rejects: files that can't be removed stay. */
export async function unmountWhenEnded(
  { session, volumes }: Holdings,
  { namespace, name }: InterceptName,
  log: Log,
): Promise<void> {
  try {
    await untilEnded(session, { namespace, name }, new AbortController().signal);
    await volumes.unmount({ kind: 'intercept', namespace, name });
  } catch (error) {
    log('files of an ended intercept stay', { namespace, name, error: String(error) });
  }
}

/** For everything that depends on what an earlier process has left: takes it up once, however often it is asked. */
export function createResume(
  holdings: Holdings,
  identityPath: string,
  log: Log,
): (signal: AbortSignal) => Promise<void> {
  let resumed: Promise<void> | undefined;
  return async (signal) => {
    await holdings.session.resume(signal);
    resumed ??= resumeVolumes(holdings, identityPath, log).catch((error) =>
      log('files of pods were not taken up', { error: String(error) }),
    );
    await unlessAborted(resumed, signal);
  };
}

/** Without an answer of the cluster, what may be needed stays. */
async function resumeVolumes(holdings: Holdings, identityPath: string, log: Log): Promise<void> {
  const { session, volumes } = holdings;
  const live = session.live();
  const isUnknown = live === undefined && existsSync(identityPath);
  const isAlive = ({ kind, namespace, name }: VolumeOwner) =>
    kind === 'ingest' || isUnknown || live?.table.get(namespace, name) !== undefined;
  await volumes.resume(isAlive);
  if (live === undefined) return;
  for (const { owner } of volumes.all()) if (owner.kind === 'intercept') void unmountWhenEnded(holdings, owner, log);
}
