// From the cluster's state to everything that follows from it. Reads as the life of an intercept: which there are,
// what they point at, which are accepted, what agents get, who needs an agent, what people are told.

import type { AgentReport } from '../api/index.ts';
import type { ClusterState, ObjectKey } from '../state/cluster-state.ts';
import { collectAcknowledged, listAcknowledged, listAwaited } from './acknowledgement.ts';
import { planAgents } from './agents.ts';
import { buildClusterIndex, type ClusterIndex } from './cluster-index.ts';
import { type AcceptedIntercept, refuseConflicts, type Verdict } from './conflicts.ts';
import { addGrace } from './grace.ts';
import { checkSession, type LiveIntercept, listIntercepts } from './intercept.ts';
import { judgeReplacement, planRollouts } from './rollouts.ts';
import { buildStatus } from './status.ts';
import { isRefusal, resolveTarget, type Target } from './target.ts';
import type { Refusal } from './target-port.ts';
import type { Translation, TranslationContext } from './translation.ts';
import { planRemovals } from './unused.ts';

/** Pure: the same state, context and memory give the same translation, whatever the order of the state's maps. */
export function translate(state: ClusterState, context: TranslationContext): Translation {
  const { live, endings, nextChangesMs } = listIntercepts(state, context.nowMs);
  const index = buildClusterIndex(state);
  const candidates = live.map((intercept) => judge(state, index, { intercept, context }));
  const verdicts = refuseConflicts(candidates);
  const accepted = verdicts.filter((verdict): verdict is AcceptedIntercept => verdict.kind === 'accepted');

  const leavingUntilMs = accepted.flatMap(({ target }) => target.leaving.map(({ untilMs }) => untilMs));

  const { agents, httpUntilMs } = planAgents(state, accepted, context);
  const acknowledged = listAcknowledged(state, verdicts, agents, context);
  const removals = planRemovals(state, accepted, context);
  const heldUntilMs = new Map<string, number>();
  const statuses = verdicts.map((verdict) => {
    const own = acknowledged.get(verdict.intercept.key);
    const said = collectAcknowledged(state, verdict.intercept, { own, replica: context.replica });
    const holders = addGrace(verdict, said, context);
    for (const [hold, untilMs] of holders.heldUntilMs) heldUntilMs.set(hold, untilMs);
    return [verdict.intercept.key, buildStatus(state, verdict, holders.acknowledged)] as const;
  });

  return {
    agents,
    acknowledged,
    awaited: listAwaited(state, verdicts, acknowledged),
    statuses: new Map(statuses),
    rollouts: [...planRollouts(state, accepted), ...removals.rollouts],
    unused: removals.marks,
    endings,
    memory: { httpUntilMs, acknowledged: byUid(live, acknowledged), heldUntilMs },
    nextChangeMs: findNext([
      ...nextChangesMs,
      ...removals.nextChangesMs,
      ...httpUntilMs.values(),
      ...heldUntilMs.values(),
      ...leavingUntilMs,
    ]),
  };
}

/** All that can be said of an intercept without looking at the others. */
function judge(
  state: ClusterState,
  index: ClusterIndex,
  { intercept, context }: { intercept: LiveIntercept; context: TranslationContext },
): Verdict {
  const { metadata, spec } = intercept.object;
  const { namespace } = metadata;
  const { installNamespace, nowMs } = context;
  const found = resolveTarget(state, index, { ...spec, namespace, installNamespace, nowMs });
  if (isRefusal(found)) return { kind: 'refused', intercept, target: undefined, refusal: found };
  const refusal = checkSession(state, intercept.object) ?? refuseUnrollable(state, intercept, found);
  if (refusal !== undefined) return { kind: 'refused', intercept, target: found, refusal };
  return { kind: 'accepted', intercept, target: found };
}

/** Only if no pod can take part: one bare pod among others doesn't keep the others from it. */
function refuseUnrollable(state: ClusterState, intercept: LiveIntercept, { places }: Target): Refusal | undefined {
  const advices = places.map((place) => {
    if (place.captured !== undefined) return undefined;
    const replacement = judgeReplacement(state, intercept, place);
    return replacement.kind === 'unrollable' ? replacement.advice : undefined;
  });
  const [first] = advices;
  if (first === undefined || advices.includes(undefined)) return undefined;
  return { reason: 'WorkloadNotRollable', detail: first };
}

/** What is remembered of an intercept must not be taken for what a later one of the same name has. */
function byUid(live: readonly LiveIntercept[], reports: ReadonlyMap<ObjectKey, AgentReport>): Map<string, AgentReport> {
  const pairs = live.map(({ key, uid }) => [uid, reports.get(key)] as const);
  return new Map(pairs.filter((pair): pair is [string, AgentReport] => pair[1] !== undefined));
}

/** A port that carries intercepts has no end yet: Infinity is no time to wait for. */
function findNext(timesMs: readonly number[]): number | undefined {
  const next = timesMs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}
