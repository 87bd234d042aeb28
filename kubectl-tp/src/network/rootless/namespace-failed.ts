// What is said when a command gets no network of its own, inside of it and outside.

import { TpError } from '../../errors.ts';

/** `why` names the step that failed, without a full stop. */
export function namespaceFailed(why: string, cause: unknown): TpError {
  return new TpError('NAMESPACE_FAILED', `The command's own network can't be set up: ${why}.`, {
    hint: "Without it: --network laptop leaves the command in the laptop's network; kubectl tp connect --proxy -- CMD gives it a proxy",
    cause,
  });
}
