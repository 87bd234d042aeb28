// Whether the session is open, for all who need it at once: one opening at a time, whose end belongs to whoever began it.

import type { LiveSession } from './live-session.ts';
import { sessionGone } from './open-session.ts';

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

export type SessionState = {
  /** The session if it is open now. */
  live(): LiveSession | undefined;
  /** If it is being opened now. */
  opening(): Promise<LiveSession> | undefined;
  isClosed(): boolean;
  /** What is open, or being opened, or else begun now. Never once `lifetime` has ended. */
  open(): Promise<LiveSession>;
  /** What is being opened now is closed as soon as it is there. What is open is the caller's to close. */
  setClosed(): void;
};

export function createSessionState(openNow: () => Promise<LiveSession>, lifetime: AbortSignal): SessionState {
  let state: State = { kind: 'closed' };

  function open(): Promise<LiveSession> {
    if (lifetime.aborted) return Promise.reject(lifetime.reason);
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
    return lifetime.aborted ? lifetime.reason : sessionGone();
  }

  return {
    live: () => (state.kind === 'open' ? state.live : undefined),
    opening: () => (state.kind === 'opening' ? state.opened : undefined),
    isClosed: () => state.kind === 'closed',
    open,
    setClosed() {
      state = { kind: 'closed' };
    },
  };
}
