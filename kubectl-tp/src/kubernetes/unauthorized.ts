// The error for an API server that does not take the credentials, whatever was asked of it.

import { TpError } from '../errors.ts';

export function unauthorized(message: string, cause?: unknown): TpError {
  return new TpError('UNAUTHORIZED', message, { hint: 'Log in again, then check: kubectl auth whoami', cause });
}
