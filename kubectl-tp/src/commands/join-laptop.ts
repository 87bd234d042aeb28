// Brings the whole laptop into the cluster's network: the CLI's part, which has the terminal that root is asked for at.
// The session process holds the network from then on.

import type { Tools } from '../command.ts';
import { TpError } from '../errors.ts';
import type { ConnectRequest, ConnectResult } from '../ipc/network-messages.ts';
import { assertTunDevice } from '../network/device/tun-device.ts';
import { assertWishes } from '../network/laptop/laptop-wishes.ts';
import { startHelper } from '../network/laptop/start-helper.ts';

export type LaptopWish = Omit<ConnectRequest, 'entry'> & {
  readonly alsoProxy: readonly string[];
  readonly neverProxy: readonly string[];
  /** What makes the helper root's. */
  readonly helperCommand: string;
};

/** Resolves when programs of this laptop were seen to reach the cluster. */
export async function joinLaptop(tools: Tools, wish: LaptopWish): Promise<ConnectResult> {
  const { alsoProxy, neverProxy, helperCommand: command, ...request } = wish;
  assertWishes(alsoProxy, neverProxy);
  assertLinux();
  assertTunDevice();
  const session = await tools.session();
  const failed = new AbortController();
  const onStartHelper = (socket: string) =>
    void startHelper({ command, socket, env: tools.env }).catch((error) => failed.abort(error));
  try {
    return await session.call(
      'connect',
      { ...request, entry: { kind: 'laptop', alsoProxy, neverProxy } },
      { signal: AbortSignal.any([tools.signal, failed.signal]), onProgress: tools.progress.step, onStartHelper },
    );
  } catch (error) {
    // Why the session process heard nothing of a helper is known here alone.
    throw failed.signal.aborted && !tools.signal.aborted ? failed.signal.reason : error;
  }
}

function assertLinux(): void {
  if (process.platform === 'linux') return;
  throw new TpError(
    'LAPTOP_UNSUPPORTED',
    `The whole laptop can join a cluster on Linux only; this is ${process.platform}.`,
    {
      hint: 'By a proxy for programs that know one: kubectl tp connect --proxy',
    },
  );
}
