// Where Linux has its TUN interfaces, and whether this user may open it; alone, so that who only looks loads no native
// code.

import { closeSync, constants, openSync } from 'node:fs';
import { TpError } from '../../errors.ts';

export const TUN_DEVICE = '/dev/net/tun';

/** Throws TUN_UNAVAILABLE. */
export function assertTunDevice(): void {
  try {
    closeSync(openSync(TUN_DEVICE, constants.O_RDWR));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const isClosed = code === 'EACCES' || code === 'EPERM';
    const why = isClosed ? 'may not be opened by this user' : `can't be opened (${code})`;
    throw new TpError('TUN_UNAVAILABLE', `${TUN_DEVICE} ${why}.`, {
      hint: isClosed ? `sudo chmod 0666 ${TUN_DEVICE}` : 'sudo modprobe tun; in a container, add --device /dev/net/tun',
      cause,
    });
  }
}
