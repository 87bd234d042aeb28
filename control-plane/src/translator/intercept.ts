// Which Intercept objects count at this moment: those that are over are listed for deletion, and each other one is
// checked against its session.

import type { Intercept } from '../api/index.ts';
import { type CandidateIntercept, compareSeniority } from '../match/index.ts';
import type { ClusterState, ObjectKey } from '../state/cluster-state.ts';
import type { Refusal } from './target-port.ts';
import type { Ending, EndingReason } from './translation.ts';

/** Intercept and Session come by two watches: a younger intercept may just be seen before its Session. */
const SESSION_WAIT_MS = 30_000;

export type LiveIntercept = CandidateIntercept & {
  readonly key: ObjectKey;
  /** Tells it from an earlier object of the same name. */
  readonly uid: string;
  readonly object: Intercept;
};

export type InterceptLists = {
  /** Oldest first. */
  readonly live: readonly LiveIntercept[];
  readonly endings: readonly Ending[];
  /** When time alone ends one of them. */
  readonly nextChangesMs: readonly number[];
};

export function listIntercepts(state: ClusterState, nowMs: number): InterceptLists {
  const live: LiveIntercept[] = [];
  const endings: Ending[] = [];
  const nextChangesMs: number[] = [];
  for (const [key, object] of state.intercepts) {
    if (object.metadata.deletionTimestamp !== undefined) continue;
    const ends = findEnds(state, object);
    const over = ends.find(({ atMs }) => atMs <= nowMs);
    if (over !== undefined) endings.push({ intercept: key, uid: object.metadata.uid, reason: over.reason });
    else {
      live.push(buildLiveIntercept(key, object));
      nextChangesMs.push(...ends.map(({ atMs }) => atMs));
    }
  }
  endings.sort((a, b) => (a.intercept < b.intercept ? -1 : 1));
  return { live: live.sort(compareSeniority), endings, nextChangesMs };
}

/** The session must exist and be the same person's. Objects that no webhook has stamped belong to nobody. */
export function checkSession(state: ClusterState, { spec }: Intercept): Refusal | undefined {
  const session = state.sessions.get(spec.session);
  if (session === undefined) return { reason: 'SessionNotFound', detail: `"${spec.session}"` };
  if (spec.owner === undefined || session.spec.owner !== spec.owner) {
    return { reason: 'NotOwner', detail: `"${spec.session}"` };
  }
  return undefined;
}

function findEnds(state: ClusterState, { metadata, spec }: Intercept): { atMs: number; reason: EndingReason }[] {
  const expiresAtMs = spec.expiresAt === undefined ? Number.NaN : Date.parse(spec.expiresAt);
  const createdAtMs = Date.parse(metadata.creationTimestamp ?? '');
  return [
    ...(Number.isNaN(expiresAtMs) ? [] : [{ atMs: expiresAtMs, reason: 'Expired' as const }]),
    ...(Number.isNaN(createdAtMs) || state.sessions.has(spec.session)
      ? []
      : [{ atMs: createdAtMs + SESSION_WAIT_MS, reason: 'SessionGone' as const }]),
  ];
}

function buildLiveIntercept(key: ObjectKey, object: Intercept): LiveIntercept {
  const { uid = key, creationTimestamp: createdAt = '' } = object.metadata;
  return { key, id: key, uid, object, createdAt, match: object.spec.match, isAccepted: isAccepted(object) };
}

/** What was said of an earlier generation says nothing of this one. */
function isAccepted({ metadata, status }: Intercept): boolean {
  const accepted = status?.conditions?.find(({ type }) => type === 'Accepted');
  return accepted?.status === 'True' && accepted.observedGeneration === metadata.generation;
}
