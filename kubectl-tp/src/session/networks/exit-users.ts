// Who uses which exit of this session: two commands may leave by the pods of one target, and the first to end must not
// close the way of the other.

import type { InterceptName } from '../../ipc/intercept-messages.ts';
import { interceptKey } from '../intercepts/intercept-key.ts';

export type ExitUsers = {
  /**
   * To be called before the exit is made, as whoever leaves may be ending the one that is there: resolves when that is
   * over. Returns what leaves again, however often it is called; the last one to leave calls `end`.
   */
  enter(exit: InterceptName, end: () => Promise<void>): Promise<() => Promise<void>>;
  isEntered(exit: InterceptName): boolean;
  /** Calls `end` if nobody is in. */
  endUnused(exit: InterceptName, end: () => Promise<void>): Promise<void>;
};

export function createExitUsers(): ExitUsers {
  const users = new Map<string, number>();
  const endings = new Map<string, Promise<void>>();

  function endNow(key: string, end: () => Promise<void>): Promise<void> {
    const ending = end().finally(() => endings.delete(key));
    endings.set(key, ending);
    return ending;
  }

  async function leave(key: string, end: () => Promise<void>): Promise<void> {
    const left = (users.get(key) ?? 1) - 1;
    if (left > 0) return void users.set(key, left);
    users.delete(key);
    await endNow(key, end);
  }

  return {
    async enter(exit, end) {
      const key = interceptKey(exit);
      users.set(key, (users.get(key) ?? 0) + 1);
      // Whoever ends it hears when that fails.
      await endings.get(key)?.catch(() => undefined);
      let isIn = true;
      return async () => {
        if (!isIn) return;
        isIn = false;
        await leave(key, end);
      };
    },
    isEntered: (exit) => users.has(interceptKey(exit)),
    async endUnused(exit, end) {
      const key = interceptKey(exit);
      if (!users.has(key) && !endings.has(key)) await endNow(key, end);
    },
  };
}
