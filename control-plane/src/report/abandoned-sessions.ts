// Notices Sessions whose laptop has gone for good: none of their tunnels has been seen for a long time.

import type { Session } from '../api/index.ts';
import type { ClusterState } from '../state/cluster-state.ts';

export type AbandonedSessions = {
  readonly sessions: readonly Session[];
  /** When to look again if nothing happens; Infinity without any Session. */
  readonly nextMs: number;
};

/** To be asked by the replica that leads, and only while it leads. */
export type SessionWatchdog = { check(state: ClusterState, nowMs: number): AbandonedSessions };

/** In a longer time without a look a laptop may have come and gone unseen, or nobody could see any. */
const LONGEST_GAP_MS = 60_000;
/** The next look when nothing else asks for one, early enough that a late timer is no gap. */
const LOOK_EVERY_MS = LONGEST_GAP_MS / 2;

/**
 * What was last seen is kept in memory: a new process gives every Session its whole grace again, counted from its
 * first look. So does one that has not looked for a while: after a suspended cluster wakes up, or an API server comes
 * back, laptops need time to come back, too.
 */
export function createSessionWatchdog(graceMs: number): SessionWatchdog {
  let lastSeenMs: ReadonlyMap<string, number> = new Map();
  let lastLookMs = Number.NEGATIVE_INFINITY;

  function check({ sessions, tunnels }: ClusterState, nowMs: number): AbandonedSessions {
    const before = nowMs - lastLookMs > LONGEST_GAP_MS ? new Map<string, number>() : lastSeenMs;
    lastLookMs = nowMs;
    const all = [...sessions].map(([key, session]) => {
      const id = session.metadata.uid ?? key;
      const seenMs = tunnels.has(session.metadata.name) ? nowMs : (before.get(id) ?? nowMs);
      return { session, id, seenMs, untilMs: seenMs + graceMs };
    });
    lastSeenMs = new Map(all.map(({ id, seenMs }) => [id, seenMs]));
    const nextLookMs = all.length === 0 ? Number.POSITIVE_INFINITY : nowMs + LOOK_EVERY_MS;
    return {
      sessions: all.filter(({ untilMs }) => untilMs <= nowMs).map(({ session }) => session),
      nextMs: all.reduce((next, { untilMs }) => (untilMs > nowMs ? Math.min(next, untilMs) : next), nextLookMs),
    };
  }

  return { check };
}
