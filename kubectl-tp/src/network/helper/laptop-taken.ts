// What is said when the network of the laptop is not to be had, because somebody has it already.

import { TpError } from '../../errors.ts';

export function laptopTaken(message: string): TpError {
  return new TpError('LAPTOP_TAKEN', message, {
    hint: 'To end it: kubectl tp quit, in its context. A second cluster beside it: kubectl tp connect -- CMD',
  });
}

/** `pid`: of the helper that has the lock, as far as that is known. */
export function takenByHelper(pid: number | undefined): TpError {
  const who = pid === undefined ? '' : ` (its helper is process ${pid})`;
  return laptopTaken(`Another kubectl tp connect has the network of this laptop${who}.`);
}
