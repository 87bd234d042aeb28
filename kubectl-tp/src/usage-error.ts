// What is wrong with the words of a command line, and where its help is.

import { TpError } from './errors.ts';

/** As people type it. */
export const PROGRAM = 'kubectl tp';

/** Without a command: of the words before any. `meant` is what somebody may have wanted to type. */
export function usageError(message: string, command?: string, meant?: string): TpError {
  const see = `See: ${[PROGRAM, command, '--help'].filter((word) => word !== undefined).join(' ')}`;
  return new TpError('USAGE', message, { hint: meant === undefined ? see : `Did you mean ${meant}? ${see}` });
}
