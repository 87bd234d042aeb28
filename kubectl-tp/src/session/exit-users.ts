// Who uses which exit of this session: two commands may leave by the pods of one target, and the first to end must not
// close the way of the other.

import type { InterceptName } from './api.ts';

export type ExitUsers = {
  /** Returns what leaves again, however often it is called; the last one to leave calls `end`. */
  enter(exit: InterceptName, end: () => Promise<void>): () => Promise<void>;
};

export function createExitUsers(): ExitUsers {
  const users = new Map<string, number>();
  return {
    enter({ namespace, name }, end) {
      const key = `${namespace}/${name}`;
      users.set(key, (users.get(key) ?? 0) + 1);
      let isIn = true;
      return async () => {
        if (!isIn) return;
        isIn = false;
        const left = (users.get(key) ?? 1) - 1;
        if (left > 0) return void users.set(key, left);
        users.delete(key);
        await end();
      };
    },
  };
}
