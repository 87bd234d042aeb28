// Waits for the end of what somebody else ends.

import { aborted } from '@kubectl-tp/control-plane/waiting';
import { TpError } from '../errors.ts';
import type { InterceptName } from '../ipc/intercept-messages.ts';
import type { LiveSession } from './live-session.ts';
import type { Session } from './session.ts';

/**
 * Deleted by somebody, expired, or gone with its session; undefined when the caller leaves before. A process that ends
 * ends no intercept.
 */
export async function untilEnded(
  session: Session,
  { namespace, name }: InterceptName,
  signal: AbortSignal,
): Promise<TpError | undefined> {
  const live = session.live();
  if (live === undefined && session.isLeftToNext()) {
    await aborted(signal);
    return undefined;
  }
  while (live?.table.get(namespace, name) !== undefined) if (!(await rings(live, signal))) return undefined;
  const message = `Intercept ${name} in ${namespace} has ended: by kubectl tp leave or quit, by somebody who deleted it, or because its time is over.`;
  return new TpError('INTERCEPT_ENDED', message, { hint: `See what there is: kubectl tp list -n ${namespace}` });
}

/** The session was ended by somebody; undefined when the caller leaves before. A process that ends ends no session. */
export async function untilGone(
  session: Session,
  live: LiveSession,
  signal: AbortSignal,
): Promise<TpError | undefined> {
  while (!session.hasEnded(live)) if (!(await rings(live, signal))) return undefined;
  return new TpError(
    'NETWORK_ENDED',
    'The session has ended, by kubectl tp quit or by somebody who deleted it, and the network of the cluster with it.',
    {
      hint: 'Run the command again.',
    },
  );
}

/** Of a network: whichever of the session and its way out is gone first. */
export function untilCut(
  session: Session,
  { live, exit }: { live: LiveSession; exit: InterceptName | undefined },
  signal: AbortSignal,
): Promise<TpError | undefined> {
  const gone = untilGone(session, live, signal);
  return exit === undefined ? gone : Promise.race([gone, untilEnded(session, exit, signal)]);
}

/** False when the signal came first, were it before the call. */
async function rings({ bell }: LiveSession, signal: AbortSignal): Promise<boolean> {
  try {
    await bell.wait(Number.POSITIVE_INFINITY, signal);
    return true;
  } catch {
    return false;
  }
}
