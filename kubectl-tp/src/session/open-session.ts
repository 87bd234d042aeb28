// Opens the session: takes up its object or makes one, connects, and follows its intercepts. One that never worked leaves
// nothing in the cluster.

import { TpError } from '../errors.ts';
import type { IdentityKeeper } from './identity-keeper.ts';
import { type LiveSession, type LiveSessionOptions, openLiveSession } from './live-session.ts';
import { deleteSessionObject, type Registration, registerSession } from './session-object.ts';

export type OpenOptions = Pick<LiveSessionOptions, 'cluster' | 'installNamespace' | 'log' | 'targetOf'> & {
  readonly identity: IdentityKeeper;
  /** The object was deleted by somebody else; undefined while the session is being opened. */
  readonly onGone: (live: LiveSession | undefined) => void;
  /** Of the process: one that ends leaves the session to the next. */
  readonly lifetime: AbortSignal;
};

export async function openSession(options: OpenOptions): Promise<LiveSession> {
  const { cluster, installNamespace, identity, log, lifetime } = options;
  const known = identity.current() ?? (await identity.load());
  const registration = await registerSession(cluster.client, installNamespace, known, identity);
  identity.know(registration.identity);
  try {
    const live = await connect(options, registration);
    log('session open', { session: registration.identity.session });
    return live;
  } catch (error) {
    if (registration.isNew && !lifetime.aborted) await undo(options, registration);
    throw error;
  }
}

async function connect(options: OpenOptions, registration: Registration): Promise<LiveSession> {
  const { cluster, installNamespace, log, targetOf, lifetime } = options;
  const gone = new AbortController();
  let live: LiveSession | undefined;
  const onGone = () => {
    gone.abort(sessionGone());
    options.onGone(live);
  };
  const signal = AbortSignal.any([lifetime, gone.signal]);
  live = await openLiveSession({ cluster, installNamespace, ...registration, log, targetOf, onGone }, signal);
  try {
    await Promise.all(registration.identity.namespaces.map(live.table.follow));
    signal.throwIfAborted();
    return live;
  } catch (error) {
    void live.close();
    throw error;
  }
}

/** What the cluster does not take back, `quit` still can. */
async function undo(
  { cluster, installNamespace, identity, log }: OpenOptions,
  { identity: { session } }: Registration,
): Promise<void> {
  try {
    await deleteSessionObject(cluster.client, installNamespace, session);
    // By now somebody may have opened another one.
    if (identity.current()?.session === session) await identity.remove();
  } catch (error) {
    log('the session object was not deleted', { session, error: String(error) });
  }
}

export function sessionGone(): TpError {
  return new TpError('SESSION_NOT_ISSUED', 'The session was deleted by somebody else while it was being opened.', {
    hint: 'Run the command again: it makes a new one.',
  });
}
