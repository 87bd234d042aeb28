// The session of one connection: made at the first intercept, taken up again after a restart, ended by `quit` or when
// nobody needs it.

import { INTERCEPTS, type Intercept } from '@kubectl-tp/control-plane/api';
import { isConflict } from '@kubectl-tp/control-plane/kubernetes';
import { describeTarget } from '@kubectl-tp/control-plane/match';
import { TpError } from '../errors.ts';
import type { InterceptName, LeaveRequest, QuitResult } from '../ipc/intercept-messages.ts';
import type { Cluster } from '../kubernetes/client.ts';
import { apiErrorOf } from '../kubernetes/translate-error.ts';
import type { Log } from '../log.ts';
import { unlessAborted } from '../waiting/unless-aborted.ts';
import type { CallTools } from './call-tools.ts';
import { createIdentityKeeper } from './identity-keeper.ts';
import type { LiveSession } from './live-session.ts';
import { openSession } from './open-session.ts';
import { createServedTargets, type ServedTargets } from './served-targets.ts';
import { deleteSessionObject } from './session-object.ts';
import { createSessionState } from './session-state.ts';

export type Session = Pick<ServedTargets, 'serve' | 'targetOf'> & {
  readonly cluster: Cluster;
  readonly installNamespace: string;
  /** The session if it is open now. */
  live(): LiveSession | undefined;
  /** On purpose, or with its object; one that is only closed goes on in another process. */
  hasEnded(live: LiveSession): boolean;
  isClosed(): boolean;
  /** It was closed, not ended: nothing of it is known here any more, and everything goes on in another process. */
  isLeftToNext(): boolean;
  /** It has intercepts, exits in use or joined networks, or is being opened. */
  isNeeded(): boolean;
  open(tools: CallTools): Promise<LiveSession>;
  /** Knows the session's intercepts in a namespace from now on, also after a restart. */
  follow(namespace: string): Promise<void>;
  leave(intercept: Intercept): Promise<void>;
  leaveMatching(request: LeaveRequest): Promise<InterceptName[]>;
  /** Takes up a known session, so that its intercepts go on; once, however often it is asked. */
  resume(signal: AbortSignal): Promise<void>;
  /** Ends intercepts and Session object, forgets the key; the last also where the cluster does not answer. */
  end(): Promise<QuitResult>;
  /** Closes the tunnels only: another process will take the session up. */
  close(): Promise<void>;
};

type Options = {
  readonly cluster: Cluster;
  readonly installNamespace: string;
  readonly identityPath: string;
  readonly log: Log;
};

export function createSession({ cluster, installNamespace, identityPath, log }: Options): Session {
  const { client } = cluster;
  const lifetime = new AbortController();
  const identity = createIdentityKeeper(identityPath);
  const { targetOf, serve, forgetInside } = createServedTargets(identity, () => live()?.table.all() ?? []);
  const openNow = () =>
    openSession({ cluster, installNamespace, identity, log, targetOf, onGone, lifetime: lifetime.signal });
  const state = createSessionState(openNow, lifetime.signal);
  const { live } = state;
  const ended = new WeakSet<LiveSession>();
  let resumed: Promise<void> | undefined;
  let isLeftToNext = false;

  function onGone(current: LiveSession | undefined): void {
    log('the session object is gone', { session: current?.identity.session });
    state.setClosed();
    if (current !== undefined) ended.add(current);
    current?.table.clear();
    void current?.close();
  }

  /** A failure is only logged: whoever needs the session opens it anew and is told why that fails. */
  async function resumeOnce(): Promise<void> {
    if ((await identity.load()) === undefined) return;
    await state.open().catch((error) => log('the session was not taken up', { error: String(error) }));
  }

  async function open({ signal, progress }: CallTools): Promise<LiveSession> {
    const current = live();
    if (current !== undefined) return current;
    progress('Connecting to the cluster');
    return unlessAborted(state.open(), signal);
  }

  async function follow(namespace: string): Promise<void> {
    const current = live();
    if (current === undefined || identity.current() === undefined) return;
    await current.table.follow(namespace);
    const known = identity.current();
    if (known !== undefined && !known.namespaces.includes(namespace)) {
      await identity.save({ ...known, namespaces: [...known.namespaces, namespace] });
    }
  }

  async function leave({ metadata }: Intercept): Promise<void> {
    const { name, namespace, uid } = metadata;
    await client.delete(INTERCEPTS, { name, namespace }, uid === undefined ? {} : { uid }).catch((error) => {
      // Another one has that name by now: this one is gone.
      if (!isConflict(apiErrorOf(error))) throw error;
    });
    const current = live();
    const known = current?.table.get(namespace, name);
    if (known?.metadata.uid === uid) current?.table.remove(namespace, name);
    if (uid !== undefined) forgetInside(uid);
  }

  async function leaveMatching(request: LeaveRequest): Promise<InterceptName[]> {
    const current = live();
    // What is left of it is the next process's to end.
    if (isLeftToNext) throw ending();
    if (current === undefined) return [];
    if (request.namespace !== undefined) await follow(request.namespace);
    const chosen = current.table.all().filter((intercept) => isMeant(intercept, request));
    await Promise.all(chosen.map(leave));
    return chosen.map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name }));
  }

  return {
    cluster,
    installNamespace,
    live,
    hasEnded: (one) => ended.has(one),
    isClosed: state.isClosed,
    isLeftToNext: () => isLeftToNext,
    isNeeded: () => state.opening() !== undefined || isInUse(live()),
    open,
    follow,
    serve,
    targetOf,
    leave,
    leaveMatching,
    resume(signal) {
      resumed ??= resumeOnce();
      return unlessAborted(resumed, signal);
    },
    async end() {
      const left: InterceptName[] = [];
      let unreachable = await untold(async () => left.push(...(await leaveMatching({ all: true }))));
      const [current, opening] = [live(), state.opening()];
      state.setClosed();
      // Whoever is in the cluster's network hears that it was left on purpose.
      if (current !== undefined) ended.add(current);
      current?.bell.ring();
      lifetime.abort(ending());
      await current?.close();
      // What it was making may be there only now.
      await opening?.catch(() => undefined);
      const made = identity.current();
      if (made !== undefined)
        unreachable ??= await untold(() => deleteSessionObject(client, installNamespace, made.session));
      await identity.remove();
      return { left, ...(unreachable && { unreachable: unreachable.message }) };
    },
    async close() {
      const current = live();
      state.setClosed();
      isLeftToNext ||= !lifetime.signal.aborted;
      lifetime.abort(ending());
      await current?.close();
    },
  };
}

/** The error of a cluster that does not answer, which ends the rest by itself. Throws any other. */
async function untold(tell: () => Promise<unknown>): Promise<TpError | undefined> {
  try {
    await tell();
    return undefined;
  } catch (error) {
    if (error instanceof TpError && error.code === 'CLUSTER_UNREACHABLE') return error;
    throw error;
  }
}

function isInUse(live: LiveSession | undefined): boolean {
  if (live === undefined) return false;
  // An exit that an earlier process has left serves nobody by itself.
  const isServing = ({ spec, metadata }: Intercept) => spec.action !== 'Exit' || live.exits.isEntered(metadata);
  return live.table.all().some(isServing) || live.networks.all().length > 0;
}

function ending(): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process ends.', { hint: 'Run the command again.' });
}

function isMeant({ metadata, spec }: Intercept, request: LeaveRequest): boolean {
  if (request.namespace !== undefined && request.namespace !== metadata.namespace) return false;
  return request.all || [metadata.name, describeTarget(spec.target), spec.target.name].includes(request.name);
}
