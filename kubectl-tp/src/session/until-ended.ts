// Waits for the end of an intercept that somebody else ends.

import { TpError } from '../errors.ts';
import type { InterceptName } from './api.ts';
import type { Session } from './session.ts';

/** Deleted by somebody, expired, or gone with its session; undefined when the caller leaves before. */
export async function untilEnded(
  session: Session,
  { namespace, name }: InterceptName,
  signal: AbortSignal,
): Promise<TpError | undefined> {
  const live = session.live();
  while (live?.table.get(namespace, name) !== undefined) {
    const isRinging = await live.bell.wait(Number.POSITIVE_INFINITY, signal).then(
      () => true,
      () => false,
    );
    if (!isRinging) return undefined;
  }
  return new TpError('INTERCEPT_ENDED', `Intercept ${name} in ${namespace} was ended elsewhere, or its time is over.`, {
    hint: `See what there is: kubectl tp list -n ${namespace}`,
  });
}
