// Ends exits that nobody uses: those of an earlier process whose commands did not come back, and those that the cluster
// did not take back when they were left.

import type { Log } from './log.ts';
import type { Session } from './session.ts';

/** Commands enter again within seconds of a new session process (run-while-held.ts). */
const LOOK_MS = 30_000;

/** Until the process ends. */
export function watchUnusedExits(session: Session, log: Log): void {
  const look = createExitLook(session, log);
  setInterval(() => void look(), LOOK_MS).unref();
}

/** Each call ends what was unused at the call before, too. Never throws. */
export function createExitLook(session: Session, log: Log): () => Promise<void> {
  /** By uid. */
  let before = new Set<string | undefined>();
  return async () => {
    const live = session.live();
    if (live === undefined) return;
    const unused = live.table
      .all()
      .filter(({ spec, metadata }) => spec.action === 'Exit' && !live.exits.isEntered(metadata));
    const abandoned = unused.filter(({ metadata }) => before.has(metadata.uid));
    before = new Set(unused.map(({ metadata }) => metadata.uid));
    for (const exit of abandoned) {
      const { namespace, name } = exit.metadata;
      log('nobody uses this exit', { namespace, name });
      await live.exits
        .endUnused(exit.metadata, () => session.leave(exit))
        .catch((error) => log('an exit was not ended', { namespace, name, error: String(error) }));
    }
  };
}
