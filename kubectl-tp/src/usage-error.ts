// What is wrong with the words of a command line, and where its help is.

import { TpError } from './errors.ts';

/** As people type it. */
export const PROGRAM = 'kubectl tp';

export function usageError(message: string, command: string): TpError {
  return new TpError('USAGE', message, { hint: `See: ${PROGRAM} ${command} --help` });
}
