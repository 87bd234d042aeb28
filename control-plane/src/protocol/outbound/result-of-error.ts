// What a connection that could not be made is called, from the error of the socket.

import type { DialResult } from './dial-request.ts';

const RESULTS: Readonly<Record<string, Exclude<DialResult, 'connected'>>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  ETIMEDOUT: 'timeout',
  // A firewall of the machine that dials.
  EACCES: 'denied',
  EPERM: 'denied',
};

/** Whatever else keeps a connection from being made: there is no way to the address. */
export function resultOfError(error: Error): Exclude<DialResult, 'connected'> {
  const code = 'code' in error ? String(error.code) : '';
  return RESULTS[code] ?? 'unreachable';
}
