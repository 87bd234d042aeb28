// What a failed connection is called on the way to the laptop.

import type { DialResult } from '../../protocol/index.ts';

const RESULTS: Readonly<Record<string, DialResult>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  ETIMEDOUT: 'timeout',
  // A policy on the relay's node.
  EACCES: 'denied',
  EPERM: 'denied',
};

/** Whatever else keeps a connection from being made: there is no way to the address. */
export function resultOfError({ code = '' }: NodeJS.ErrnoException): DialResult {
  return RESULTS[code] ?? 'unreachable';
}
