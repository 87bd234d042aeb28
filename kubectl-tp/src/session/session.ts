// The session of one connection: made at the first intercept, taken up again after a restart, ended by `quit` or when
// nobody needs it.

import { INTERCEPTS, type Intercept } from '@kubectl-tp/control-plane/api';
import type { Cluster } from '../kubernetes/client.ts';
import type { InterceptName, LeaveRequest } from './api.ts';
import { type Identity, loadIdentity, removeIdentity, saveIdentity } from './identity.ts';
import { type CallTools, describeTarget } from './intercept.ts';
import { type LiveSession, openLiveSession } from './live-session.ts';
import type { Log } from './log.ts';
import { deleteSessionObject, registerSession } from './session-object.ts';

/**
 * closed: no object that this process knows of, no tunnel
 * opening: the object is being made and its certificate awaited; everybody who needs it waits for the same promise
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
  isClosed(): boolean;
  /** It has intercepts, or is being opened. */
  isNeeded(): boolean;
  open(tools: CallTools): Promise<LiveSession>;
  /** Knows the session's intercepts in a namespace from now on, also after a restart. */
  follow(namespace: string): Promise<void>;
  leave(intercept: Intercept): Promise<void>;
  leaveMatching(request: LeaveRequest): Promise<InterceptName[]>;
  /** Takes up a known session, so that its intercepts go on; once, however often it is asked. */
  resume(): Promise<void>;
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

  async function save(next: Identity): Promise<void> {
    identity = next;
    await saveIdentity(identityPath, next);
  }

  async function remove(): Promise<void> {
    identity = undefined;
    await removeIdentity(identityPath);
  }

  function becomeClosed(live: LiveSession | undefined): void {
    log('the session object is gone', { session: live?.identity.session });
    state = { kind: 'closed' };
    void live?.close();
  }

  async function openNow({ signal, progress }: CallTools): Promise<LiveSession> {
    progress('Connecting to the cluster');
    identity ??= await loadIdentity(identityPath);
    const registration = await registerSession(client, installNamespace, identity, { save, remove });
    identity = registration.identity;
    const live: LiveSession = await openLiveSession(
      { cluster, installNamespace, ...registration, log, onGone: () => becomeClosed(live) },
      signal,
    );
    await Promise.all(identity.namespaces.map((namespace) => live.table.follow(namespace)));
    log('session open', { session: identity.session });
    return live;
  }

  /** A failure is only logged: whoever needs the session opens it anew and is told why that fails. */
  async function resumeOnce(): Promise<void> {
    identity = await loadIdentity(identityPath);
    if (identity === undefined) return;
    const tools = { signal: new AbortController().signal, progress: (text: string) => log(text) };
    await open(tools).catch((error) => log('the session was not taken up', { error: String(error) }));
  }

  async function open(tools: CallTools): Promise<LiveSession> {
    if (state.kind === 'open') return state.live;
    if (state.kind === 'opening') return state.opened;
    const opened = openNow(tools);
    state = { kind: 'opening', opened };
    try {
      const live = await opened;
      state = { kind: 'open', live };
      return live;
    } catch (error) {
      state = { kind: 'closed' };
      throw error;
    }
  }

  const live = () => (state.kind === 'open' ? state.live : undefined);

  async function leave({ metadata }: Intercept): Promise<void> {
    await client.delete(INTERCEPTS, { name: metadata.name, namespace: metadata.namespace });
    const current = live();
    current?.table.remove(metadata.namespace, metadata.name);
    current?.agents.forget(metadata);
  }

  async function leaveMatching(request: LeaveRequest): Promise<InterceptName[]> {
    const current = live();
    if (current === undefined) return [];
    if (!request.all) await follow(request.namespace);
    const chosen = current.table.all().filter((intercept) => request.all || isMeant(intercept, request));
    await Promise.all(chosen.map(leave));
    return chosen.map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name }));
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
    isClosed: () => state.kind === 'closed',
    isNeeded: () => state.kind === 'opening' || (live()?.table.all().length ?? 0) > 0,
    open,
    follow,
    leave,
    leaveMatching,
    resume() {
      resumed ??= resumeOnce();
      return resumed;
    },
    async end() {
      const left = await leaveMatching({ all: true });
      const current = live();
      state = { kind: 'closed' };
      await current?.close();
      if (identity !== undefined) await deleteSessionObject(client, installNamespace, identity.session);
      await remove();
      return left;
    },
    async close() {
      const current = live();
      state = { kind: 'closed' };
      await current?.close();
    },
  };
}

function isMeant({ metadata, spec }: Intercept, { namespace, name }: { namespace: string; name: string }): boolean {
  return (
    metadata.namespace === namespace && [metadata.name, describeTarget(spec.target), spec.target.name].includes(name)
  );
}
