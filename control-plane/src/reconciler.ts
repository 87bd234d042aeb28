// The one loop of the control plane: whenever something has changed, translate the cluster's state, publish what agents
// need, report what became of it.

import type { Publisher } from './publisher.ts';
import { withProblems } from './report/problems.ts';
import type { Reporter } from './reporter.ts';
import type { ClusterState } from './state/cluster-state.ts';
import type { WatchedState } from './state/watched-state.ts';
import { EMPTY_MEMORY, type TranslationContext, type TranslationMemory, translate } from './translator/index.ts';
import { waitFor } from './waiting/index.ts';
import { createWakeUp } from './wake-up.ts';

export type ReconcilerOptions = {
  readonly state: WatchedState;
  readonly publisher: Publisher;
  /** Ends the streams of agents that don't belong to a pod of this state. */
  readonly dismissAgents: (state: ClusterState) => void;
  readonly reporter: Reporter;
  readonly settings: Pick<TranslationContext, 'replica' | 'installNamespace' | 'agentIdleTimeoutMs' | 'gateKey'>;
  readonly now: () => number;
  readonly onRound: (round: { durationMs: number; error?: unknown }) => void;
};

export type Reconciler = {
  /** Asks for another round, for a reason that isn't in the state. */
  ring(): void;
  /** Resolves when all agents' configurations have been published for the first time. */
  readonly firstRound: Promise<void>;
  /** What the last translation has handed to the next; EMPTY_MEMORY before the first. */
  readonly memory: TranslationMemory;
  run(signal: AbortSignal): Promise<void>;
};

/** Changes come in bursts: one round for all that arrives within that time. */
const HOLD_OFF_MS = 1;
/** In a large cluster that changes all the time the loop rests as long as it worked, up to that. */
const LONGEST_HOLD_OFF_MS = 200;
/** After a round that failed, as the next one may not. */
const RETRY_MS = 1000;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { state: watched, publisher, reporter, settings, now, onRound } = options;
  const wakeUp = createWakeUp(now);
  const firstRound = Promise.withResolvers<void>();
  let memory = EMPTY_MEMORY;

  /** Returns when time alone makes another round necessary. */
  async function round(): Promise<number> {
    const state = watched.read();
    options.dismissAgents(state);
    const translation = translate(state, { ...settings, nowMs: now(), memory });
    memory = translation.memory;
    const published = await publisher.publish(translation.agents);
    const reported = reporter.report(state, withProblems(translation, published.problems));
    return Math.min(translation.nextChangeMs ?? Number.POSITIVE_INFINITY, published.nextMs, reported.nextMs);
  }

  async function timedRound(): Promise<{ nextMs: number; durationMs: number }> {
    const startedMs = performance.now();
    try {
      const nextMs = await round();
      const durationMs = performance.now() - startedMs;
      firstRound.resolve();
      onRound({ durationMs });
      return { nextMs, durationMs };
    } catch (error) {
      const durationMs = performance.now() - startedMs;
      onRound({ durationMs, error });
      return { nextMs: now() + RETRY_MS, durationMs };
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const unsubscribe = watched.subscribe(wakeUp.ring);
    let nextMs = Number.POSITIVE_INFINITY;
    let holdOffMs = HOLD_OFF_MS;
    if (watched.isSynced) wakeUp.ring();
    while (true) {
      await wakeUp.wait(nextMs, signal);
      await waitFor(holdOffMs, signal);
      if (signal.aborted) break;
      // Whoever rings knows nothing of the watches: half a view looks as if Sessions and pods had gone.
      if (!watched.isSynced) continue;
      const { nextMs: next, durationMs } = await timedRound();
      nextMs = next;
      holdOffMs = Math.min(Math.max(HOLD_OFF_MS, durationMs), LONGEST_HOLD_OFF_MS);
    }
    unsubscribe();
  }

  return {
    ring: wakeUp.ring,
    firstRound: firstRound.promise,
    get memory() {
      return memory;
    },
    run,
  };
}
