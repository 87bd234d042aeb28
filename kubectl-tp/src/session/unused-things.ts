// Ends what nobody uses: exits and files of an earlier process whose commands did not come back, and exits that the
// cluster did not take back when they were left.

import type { Intercept } from '@kubectl-tp/control-plane/api';
import type { Log } from '../log.ts';
import { idOf } from '../volumes/volume-record.ts';
import type { Holdings } from './holdings.ts';

/**
 * Commands come back within seconds of a new session process (run-while-held.ts). Those that ask for files which the
 * cluster does not give them yet are expected (holders.ts).
 */
const LOOK_MS = 30_000;

/** Until the process ends. */
export function watchUnusedThings(holdings: Holdings, log: Log): void {
  const look = createUnusedLook(holdings, log);
  setInterval(() => void look(), LOOK_MS).unref();
}

type Unused = {
  readonly id: string;
  readonly names: Readonly<Record<string, string>>;
  readonly end: () => Promise<void>;
};

/** Each call ends what was unused at the call before, too. Never throws. */
export function createUnusedLook(holdings: Holdings, log: Log): () => Promise<void> {
  let before = new Set<string>();
  return async () => {
    const unused = [...unusedExits(holdings), ...unusedFiles(holdings)];
    const abandoned = unused.filter(({ id }) => before.has(id));
    before = new Set(unused.map(({ id }) => id));
    for (const { names, end } of abandoned) {
      log('nobody uses this', names);
      await end().catch((error) => log('it was not ended', { ...names, error: String(error) }));
    }
  };
}

function unusedExits({ session }: Holdings): Unused[] {
  const live = session.live();
  if (live === undefined) return [];
  const isUnused = ({ spec, metadata }: Intercept) => spec.action === 'Exit' && !live.exits.isEntered(metadata);
  return live.table
    .all()
    .filter(isUnused)
    .map((exit) => {
      const { namespace, name, uid } = exit.metadata;
      const end = () => live.exits.endUnused(exit.metadata, () => session.leave(exit));
      return { id: `exit ${uid}`, names: { exit: name, namespace }, end };
    });
}

/** Also without a session: an ingest needs none. */
function unusedFiles({ volumes }: Holdings): Unused[] {
  return volumes.unheld().map((owner) => ({
    id: `files ${idOf(owner)}`,
    names: { files: owner.name, namespace: owner.namespace },
    end: () => volumes.unmountUnheld(owner),
  }));
}
