// Which pods' agents have taken over an intercept, as far as this process serves them; other control plane pods say
// the same of theirs in the object's `status.reports`.

import type { AgentConfig } from '@kubectl-tp/xds';
import type { AgentReport } from '../api/index.ts';
import type { ClusterState, ObjectKey, PodModel } from '../state/cluster-state.ts';
import { buildNode } from './agents.ts';
import type { AcceptedIntercept, Verdict } from './conflicts.ts';
import { hashAgentConfig } from './hash-agent-config.ts';
import type { LiveIntercept } from './intercept.ts';
import { findQuarantine } from './quarantine.ts';
import type { Place } from './target.ts';
import type { TranslationContext } from './translation.ts';

/** As many as the object's schema allows; what is beyond shows as an agent still waited for. */
const MAX_REPORTED_PODS = 1000;
const MAX_REJECTION_LENGTH = 1000;

/** Names of pods whose agents hold an intercept, and `<pod>: <text>` of agents that refuse to. */
export type Acknowledged = { readonly pods: ReadonlySet<string>; readonly rejections: readonly string[] };

export function listAcknowledged(
  state: ClusterState,
  verdicts: readonly Verdict[],
  agents: ReadonlyMap<string, AgentConfig>,
  { replica, memory }: Pick<TranslationContext, 'replica' | 'memory'>,
): ReadonlyMap<ObjectKey, AgentReport> {
  const hashes = new Map<string, string>();
  const reports = new Map<ObjectKey, AgentReport>();
  for (const verdict of verdicts) {
    const { key, uid, object } = verdict.intercept;
    const before = memory.acknowledged.get(uid);
    const report = verdict.kind === 'accepted' ? buildReport(verdict, { state, agents, hashes, before }) : undefined;
    const written = object.status?.reports?.[replica] !== undefined;
    if (report !== undefined) reports.set(key, report);
    // What this process once wrote must not outlive its truth.
    else if (written) reports.set(key, { generation: object.metadata.generation ?? 0, pods: [] });
  }
  return reports;
}

/** Accepted intercepts that an agent which this process serves has neither taken over nor refused yet. */
export function listAwaited(
  state: ClusterState,
  verdicts: readonly Verdict[],
  reports: ReadonlyMap<ObjectKey, AgentReport>,
): ReadonlySet<ObjectKey> {
  const awaited = verdicts.filter((verdict) => {
    if (verdict.kind !== 'accepted') return false;
    const { pods = [], rejection } = reports.get(verdict.intercept.key) ?? {};
    const answered = new Set(pods);
    const asked = verdict.target.places.filter(
      ({ pod, captured }) => captured !== undefined && state.agents.has(buildNode(pod)),
    );
    return rejection === undefined && asked.some(({ pod }) => !answered.has(pod.name));
  });
  return new Set(awaited.map(({ intercept }) => intercept.key));
}

/** From all control plane pods that live. `own` is what this one says now, which the object may not show yet. */
export function collectAcknowledged(
  state: ClusterState,
  { object }: LiveIntercept,
  { own, replica }: { own: AgentReport | undefined; replica: string },
): Acknowledged {
  const others = Object.entries(object.status?.reports ?? {})
    .filter(([name]) => name !== replica && state.replicas.has(name))
    .map(([, report]) => report);
  const current = [...others, ...(own === undefined ? [] : [own])].filter(
    ({ generation }) => generation === (object.metadata.generation ?? 0),
  );
  return {
    pods: new Set(current.flatMap(({ pods }) => pods)),
    rejections: current.flatMap(({ rejection }) => rejection ?? []).toSorted(),
  };
}

type Served = {
  readonly state: ClusterState;
  readonly agents: ReadonlyMap<string, AgentConfig>;
  /** Of configurations already hashed; several intercepts share an agent. */
  readonly hashes: Map<string, string>;
  readonly before: AgentReport | undefined;
};

function buildReport({ intercept, target }: AcceptedIntercept, served: Served): AgentReport | undefined {
  const generation = intercept.object.metadata.generation ?? 0;
  const captured = target.places.filter((place) => place.captured !== undefined);
  const before = new Set(served.before?.generation === generation ? served.before.pods : []);
  const taken = captured.filter(({ pod }) => findRefusal(pod, intercept, served.state) === undefined);
  const pods = taken.filter((place) => isAcknowledged(place, served, before)).map(({ pod }) => pod.name);
  const rejection = findRejection(captured, intercept, served.state);
  if (pods.length === 0 && rejection === undefined) return undefined;
  return {
    generation,
    pods: pods.slice(0, MAX_REPORTED_PODS),
    ...(rejection === undefined ? {} : { rejection: rejection.slice(0, MAX_REJECTION_LENGTH) }),
  };
}

/**
 * An agent that held the intercept before holds it still while it takes over something newer (a relay more, another
 * intercept): what it ran meanwhile had the intercept, too. So conditions don't flicker with each change nearby.
 */
function isAcknowledged({ pod }: Place, { state, agents, hashes }: Served, before: ReadonlySet<string>): boolean {
  const node = buildNode(pod);
  const agent = state.agents.get(node);
  const config = agents.get(node);
  if (agent?.acknowledged === undefined || config === undefined) return false;
  if (before.has(pod.name) && agent.rejection === undefined) return true;
  const hash = hashes.get(node) ?? hashAgentConfig(config);
  hashes.set(node, hash);
  return agent.acknowledged === hash;
}

function findRejection(places: readonly Place[], intercept: LiveIntercept, state: ClusterState): string | undefined {
  for (const { pod } of places) {
    const rejection = findRefusal(pod, intercept, state) ?? state.agents.get(buildNode(pod))?.rejection;
    if (rejection !== undefined) return `${pod.name}: ${rejection}`;
  }
  return undefined;
}

/** Of this one intercept, whatever else the agent holds. */
function findRefusal(pod: PodModel, intercept: LiveIntercept, state: ClusterState): string | undefined {
  return findQuarantine(state.agents.get(buildNode(pod)), intercept);
}
