// Notices Sessions whose laptop has gone for good: none of their tunnels has been seen for a long time.

import type { Session } from '../api/index.ts';
import type { ClusterState } from '../state/cluster-state.ts';

export type AbandonedSessions = {
  readonly sessions: readonly Session[];
  /** When the next one will be abandoned if nothing happens; Infinity without any. */
  readonly nextMs: number;
};

export type SessionWatchdog = { check(state: ClusterState, nowMs: number): AbandonedSessions };

/**
 * What was last seen is kept in memory: a new process gives every Session its whole grace again, counted from its
 * first look.
 */
export function createSessionWatchdog(graceMs: number): SessionWatchdog {
  let lastSeenMs: ReadonlyMap<string, number> = new Map();

  function check({ sessions, tunnels }: ClusterState, nowMs: number): AbandonedSessions {
    lastSeenMs = new Map(
      [...sessions].map(([key, { metadata }]) => {
        const id = metadata.uid ?? key;
        return [id, tunnels.has(metadata.name) ? nowMs : (lastSeenMs.get(id) ?? nowMs)];
      }),
    );
    const untilOf = (key: string, { metadata }: Session) => (lastSeenMs.get(metadata.uid ?? key) ?? nowMs) + graceMs;
    const all = [...sessions].map(([key, session]) => ({ session, untilMs: untilOf(key, session) }));
    return {
      sessions: all.filter(({ untilMs }) => untilMs <= nowMs).map(({ session }) => session),
      nextMs: all.reduce((next, { untilMs }) => (untilMs > nowMs ? Math.min(next, untilMs) : next), Infinity),
    };
  }

  return { check };
}
