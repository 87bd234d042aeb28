// The session of one connection: made at the first intercept, taken up again after a restart, ended by `quit` or when
// nobody needs it.

import { INTERCEPTS, type Intercept } from '@kubectl-tp/control-plane/api';
import { isConflict } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import type { InterceptName, LeaveRequest } from '../ipc/intercept-messages.ts';
import type { Cluster } from '../kubernetes/client.ts';
import { describeTarget } from '../kubernetes/describe-target.ts';
import { apiErrorOf } from '../kubernetes/translate-error.ts';
import type { Log } from '../log.ts';
import type { InsideDialer, LocalTarget } from '../tunnel/local-target.ts';
import { unlessAborted } from '../waiting/unless-aborted.ts';
import type { CallTools } from './call-tools.ts';
import { type Identity, loadIdentity, removeIdentity, saveIdentity } from './identity.ts';
import { type LiveSession, openLiveSession } from './live-session.ts';
import { deleteSessionObject, type Registration, registerSession } from './session-object.ts';

/**
 * closed: no object that this process knows of, no tunnel
 * opening: the object is being made and its certificate awaited; everybody who needs it waits for the same promise,
 *   and whoever gives up leaves the others waiting
 * open: certificate, tunnels and intercepts are here
 */
type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening'; readonly opened: Promise<LiveSession> }
  | { readonly kind: 'open'; readonly live: LiveSession };

export type Session = {
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
  /**
   * Lets an intercept's requests come to a port of this laptop, also after a restart; or to one inside of a command's
   * network, which a later process knows only when it is asked again.
   */
  serve(intercept: Intercept, port: number, inside?: InsideDialer): Promise<void>;
  /** Where an intercept's requests come to; undefined if this laptop was never asked for it. */
  targetOf(uid: string | undefined): LocalTarget | undefined;
  leave(intercept: Intercept): Promise<void>;
  leaveMatching(request: LeaveRequest): Promise<InterceptName[]>;
  /** Takes up a known session, so that its intercepts go on; once, however often it is asked. */
  resume(signal: AbortSignal): Promise<void>;
  /** Ends intercepts and Session object, forgets the key. */
  end(): Promise<InterceptName[]>;
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
  let state: State = { kind: 'closed' };
  let identity: Identity | undefined;
  let resumed: Promise<void> | undefined;
  /** By uid of the intercept. */
  const insides = new Map<string, LocalTarget>();
  const ended = new WeakSet<LiveSession>();
  const lifetime = new AbortController();
  let isLeftToNext = false;

  let saved = Promise.resolve();

  /** One after the other: the newest state is the one that stays. */
  function store(change: () => Promise<void>): Promise<void> {
    saved = saved.catch(() => undefined).then(change);
    return saved;
  }

  function save(next: Identity): Promise<void> {
    identity = next;
    return store(() => saveIdentity(identityPath, next));
  }

  function remove(): Promise<void> {
    identity = undefined;
    return store(() => removeIdentity(identityPath));
  }

  function becomeClosed(live: LiveSession | undefined): void {
    log('the session object is gone', { session: live?.identity.session });
    state = { kind: 'closed' };
    if (live !== undefined) ended.add(live);
    live?.table.clear();
    void live?.close();
  }

  async function openNow(): Promise<LiveSession> {
    identity ??= await loadIdentity(identityPath);
    const registration = await registerSession(client, installNamespace, identity, { save, remove });
    identity = registration.identity;
    try {
      const live = await connect(registration);
      log('session open', { session: registration.identity.session });
      return live;
    } catch (error) {
      // One that closes leaves the session to the next process.
      if (registration.isNew && !lifetime.signal.aborted) await undo(registration);
      throw error;
    }
  }

  async function connect(registration: Registration): Promise<LiveSession> {
    const gone = new AbortController();
    let live: LiveSession | undefined;
    const onGone = () => {
      gone.abort(sessionGone());
      becomeClosed(live);
    };
    const signal = AbortSignal.any([lifetime.signal, gone.signal]);
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

  /** A session that never worked leaves nothing; what the cluster does not take back, `quit` still can. */
  async function undo({ identity: { session } }: Registration): Promise<void> {
    try {
      await deleteSessionObject(client, installNamespace, session);
      // By now somebody may have opened another one.
      if (identity?.session === session) await remove();
    } catch (error) {
      log('the session object was not deleted', { session, error: String(error) });
    }
  }

  /** A failure is only logged: whoever needs the session opens it anew and is told why that fails. */
  async function resumeOnce(): Promise<void> {
    identity = await loadIdentity(identityPath);
    if (identity === undefined) return;
    await openOnce().catch((error) => log('the session was not taken up', { error: String(error) }));
  }

  function openOnce(): Promise<LiveSession> {
    if (lifetime.signal.aborted) return Promise.reject(lifetime.signal.reason);
    if (state.kind === 'open') return Promise.resolve(state.live);
    if (state.kind === 'opening') return state.opened;
    // Closed while it was being opened, and perhaps opened anew: that state is not this opening's to change.
    const opened = openNow().then(
      (live) => {
        if (state !== mine) throw notMine(live);
        state = { kind: 'open', live };
        return live;
      },
      (error) => {
        if (state === mine) state = { kind: 'closed' };
        throw error;
      },
    );
    const mine: State = { kind: 'opening', opened };
    state = mine;
    return opened;
  }

  function notMine(live: LiveSession): unknown {
    void live.close();
    return lifetime.signal.aborted ? lifetime.signal.reason : sessionGone();
  }

  async function open({ signal, progress }: CallTools): Promise<LiveSession> {
    if (state.kind === 'open') return state.live;
    progress('Connecting to the cluster');
    return unlessAborted(openOnce(), signal);
  }

  const live = () => (state.kind === 'open' ? state.live : undefined);

  async function leave({ metadata }: Intercept): Promise<void> {
    const { name, namespace, uid } = metadata;
    await client.delete(INTERCEPTS, { name, namespace }, uid === undefined ? {} : { uid }).catch((error) => {
      // Another one has that name by now: this one is gone.
      if (!isConflict(apiErrorOf(error))) throw error;
    });
    const current = live();
    const known = current?.table.get(namespace, name);
    if (known?.metadata.uid === uid) current?.table.remove(namespace, name);
    if (uid !== undefined) insides.delete(uid);
  }

  async function leaveMatching(request: LeaveRequest): Promise<InterceptName[]> {
    const current = live();
    // What is left of it is the next process's to end.
    if (isLeftToNext) throw ending();
    if (current === undefined) return [];
    if (!request.all) await follow(request.namespace);
    const chosen = current.table.all().filter((intercept) => request.all || isMeant(intercept, request));
    await Promise.all(chosen.map(leave));
    return chosen.map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name }));
  }

  function targetOf(uid: string | undefined): LocalTarget | undefined {
    if (uid === undefined) return undefined;
    const port = identity?.ports[uid];
    return insides.get(uid) ?? (port === undefined ? undefined : { host: 'localhost', port });
  }

  async function serve({ metadata: { uid } }: Intercept, port: number, inside?: InsideDialer): Promise<void> {
    if (identity === undefined || uid === undefined) return;
    if (inside === undefined) insides.delete(uid);
    else insides.set(uid, { inside, port });
    const wanted = inside === undefined ? port : undefined;
    if (identity.ports[uid] === wanted) return;
    const served = new Set(
      live()
        ?.table.all()
        .map(({ metadata }) => metadata.uid),
    );
    const kept = Object.entries(identity.ports).filter(([known]) => served.has(known) && known !== uid);
    await save({
      ...identity,
      ports: { ...Object.fromEntries(kept), ...(wanted === undefined ? {} : { [uid]: wanted }) },
    });
  }

  async function follow(namespace: string): Promise<void> {
    const current = live();
    if (current === undefined || identity === undefined) return;
    await current.table.follow(namespace);
    if (!identity.namespaces.includes(namespace)) {
      await save({ ...identity, namespaces: [...identity.namespaces, namespace] });
    }
  }

  return {
    cluster,
    installNamespace,
    live,
    hasEnded: (one) => ended.has(one),
    isClosed: () => state.kind === 'closed',
    isLeftToNext: () => isLeftToNext,
    isNeeded: () => state.kind === 'opening' || isInUse(live()),
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
      const left = await leaveMatching({ all: true });
      const current = live();
      const opening = state.kind === 'opening' ? state.opened : undefined;
      state = { kind: 'closed' };
      // Whoever is in the cluster's network hears that it was left on purpose.
      if (current !== undefined) ended.add(current);
      current?.bell.ring();
      lifetime.abort(ending());
      await current?.close();
      // What it was making may be there only now.
      await opening?.catch(() => undefined);
      if (identity !== undefined) await deleteSessionObject(client, installNamespace, identity.session);
      await remove();
      return left;
    },
    async close() {
      const current = live();
      state = { kind: 'closed' };
      isLeftToNext ||= !lifetime.signal.aborted;
      lifetime.abort(ending());
      await current?.close();
    },
  };
}

function isInUse(live: LiveSession | undefined): boolean {
  if (live === undefined) return false;
  // An exit that an earlier process has left serves nobody by itself.
  const isServing = ({ spec, metadata }: Intercept) => spec.action !== 'Exit' || live.exits.isEntered(metadata);
  return live.table.all().some(isServing) || live.networks.all().length > 0;
}

function sessionGone(): TpError {
  return new TpError('SESSION_NOT_ISSUED', 'The session was deleted by somebody else while it was being opened.', {
    hint: 'Run the command again: it makes a new one.',
  });
}

function ending(): TpError {
  return new TpError('SESSION_PROCESS_LOST', 'The session process ends.', { hint: 'Run the command again.' });
}

function isMeant({ metadata, spec }: Intercept, { namespace, name }: { namespace: string; name: string }): boolean {
  return (
    metadata.namespace === namespace && [metadata.name, describeTarget(spec.target), spec.target.name].includes(name)
  );
}
