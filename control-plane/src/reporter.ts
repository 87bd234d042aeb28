// Tells the API server what a round has found: by wishes to the write queue, so that no round waits for an answer.

import type { Authority } from './certificates/authority.ts';
import { sessionRenewalTime } from './certificates/session-certificates.ts';
import type { KubernetesClient } from './kubernetes/index.ts';
import type { WriteQueue } from './kubernetes/write-queue.ts';
import { createSessionWatchdog } from './report/abandoned-sessions.ts';
import { buildInterceptWrites } from './report/intercept-writes.ts';
import { withRefusedRollouts } from './report/refused-rollouts.ts';
import { buildAbandonedWrites, buildSessionWrites } from './report/session-writes.ts';
import { createSettling } from './report/settling.ts';
import { buildWorkloadWrites, rolloutKey } from './report/workload-writes.ts';
import type { ClusterState } from './state/cluster-state.ts';
import type { Translation } from './translator/index.ts';

export type ReporterOptions = {
  readonly client: KubernetesClient;
  readonly queue: WriteQueue;
  readonly authority: Authority;
  /** Name of this pod. */
  readonly replica: string;
  readonly installNamespace: string;
  readonly sessionGraceMs: number;
  readonly isLeader: () => boolean;
  readonly now: () => number;
  readonly onTrouble: (what: string, error: unknown) => void;
};

export type Reporter = {
  /** Returns when time alone makes another report necessary. */
  report(state: ClusterState, translation: Translation): { nextMs: number };
};

export function createReporter(options: ReporterOptions): Reporter {
  const { client, queue, authority, replica, installNamespace, now, onTrouble } = options;
  const watchdog = createSessionWatchdog(options.sessionGraceMs);
  const settling = createSettling();

  function report(state: ClusterState, translation: Translation): { nextMs: number } {
    const isLeader = options.isLeader();
    const reporting = { client, authority, replica, installNamespace, isLeader, now, onTrouble };
    const told = withRefusedRollouts(translation, (workload) => queue.failureOf(rolloutKey(workload)));
    const settled = settling.hold(state, told, now());
    const writes = buildInterceptWrites(state, settled.translation, reporting);
    // A leader has heard from the API server within seconds: who has not sees no tunnels, and nobody's end in that.
    const abandoned = isLeader ? watchdog.check(state, now()) : undefined;
    if (abandoned !== undefined) {
      writes.push(...buildWorkloadWrites(translation, reporting));
      writes.push(...buildSessionWrites(state, reporting));
      writes.push(...buildAbandonedWrites(abandoned.sessions, reporting));
    }
    queue.want(writes);
    const nextRenewalMs = nextRenewal(state, authority, now());
    return { nextMs: Math.min(settled.nextMs, abandoned?.nextMs ?? Infinity, nextRenewalMs) };
  }

  return { report };
}

/** Renewals that are due are under way. */
function nextRenewal({ sessions }: ClusterState, authority: Authority, nowMs: number): number {
  const timesMs = [...sessions.values()].map((session) => sessionRenewalTime(session, authority));
  return timesMs.reduce((next, timeMs) => (timeMs > nowMs ? Math.min(next, timeMs) : next), Number.POSITIVE_INFINITY);
}
