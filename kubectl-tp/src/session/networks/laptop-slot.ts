// The network of the whole laptop: one for this process, from `connect` to `quit`, whoever has called.

import type { ConnectResult } from '../../ipc/network-messages.ts';
import type { Log } from '../../log.ts';
import { laptopTaken, takenByHelper } from '../../network/helper/laptop-taken.ts';
import { findLockHolder } from '../../network/helper/lock-holder.ts';
import type { Session } from '../session.ts';
import { untilCut } from '../until-ended.ts';
import type { Connected } from './connect.ts';

export type LaptopSlot = {
  /** Throws LAPTOP_TAKEN, before anybody is asked for a password, or what `connect` throws. */
  join(connect: () => Promise<Connected>): Promise<ConnectResult>;
  /** Resolves when the laptop is as it was before. */
  leave(): Promise<void>;
};

export function createLaptopSlot(session: Session, log: Log): LaptopSlot {
  let current: { readonly connected: Connected; readonly left: AbortController } | undefined;
  let isJoining = false;

  async function leave(): Promise<void> {
    const ending = current;
    current = undefined;
    ending?.left.abort();
    await ending?.connected.leave();
  }

  async function assertFree(): Promise<void> {
    const report = current?.connected.opened.laptop?.();
    if (report?.helper.state === 'running') {
      throw laptopTaken(`This laptop is in the network of this cluster already, by interface ${report.interface}.`);
    }
    // Its helper was killed: a new one puts in order what that has left.
    await leave();
    const holder = findLockHolder();
    if (holder !== undefined) throw takenByHelper(holder);
  }

  return {
    async join(connect) {
      if (isJoining) throw laptopTaken('This laptop is about to join the network of this cluster.');
      isJoining = true;
      try {
        await assertFree();
        const connected = await connect();
        const left = new AbortController();
        current = { connected, left };
        const { opened, result } = connected;
        const isOver = [untilCut(session, connected, left.signal), ...(opened.over === undefined ? [] : [opened.over])];
        Promise.race(isOver)
          .then(() => (left.signal.aborted ? undefined : leave()))
          .catch((error) => log("the laptop's network was not left", { error: String(error) }));
        return result;
      } finally {
        isJoining = false;
      }
    },
    leave,
  };
}
