// --header values as conditions. Pure.

import { parseHeaders } from '@kubectl-tp/control-plane/match';
import { TpError } from '../errors.ts';
import type { InterceptRequest } from '../ipc/intercept-messages.ts';

export function parseHeaderConditions(flags: readonly string[]): InterceptRequest['headers'] {
  try {
    return parseHeaders(flags);
  } catch (error) {
    if (!(error instanceof Error && 'hint' in error)) throw error;
    throw new TpError('BAD_HEADER', error.message, { hint: String(error.hint), cause: error });
  }
}
