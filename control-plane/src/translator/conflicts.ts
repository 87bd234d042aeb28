// Decides which intercepts are accepted: whoever was first keeps the requests, whatever the match of a later one, and
// keeps its place on ports that carry as many as they can.

import { explainConflict, overlap } from '../match/index.ts';
import type { LiveIntercept } from './intercept.ts';
import type { Target } from './target.ts';
import type { Refusal } from './target-port.ts';

/** As many as an agent takes (xds/ir); each costs it three clusters, about 150 kB. */
export const MAX_INTERCEPTS_PER_PORT = 256;
/** As many as an agent takes (xds/ir); each is a filter chain per relay. */
const MAX_EXITS_PER_POD = 64;
/** So that one person, by however many sessions, never takes all places of a port. */
export const MAX_INTERCEPTS_PER_OWNER_AND_PORT = 32;

/** What became of one intercept. A refused one may still have a target, which its status shows. */
export type Verdict =
  | { readonly kind: 'accepted'; readonly intercept: LiveIntercept; readonly target: Target }
  | {
      readonly kind: 'refused';
      readonly intercept: LiveIntercept;
      readonly target: Target | undefined;
      readonly refusal: Refusal;
    };
export type AcceptedIntercept = Extract<Verdict, { kind: 'accepted' }>;

/** Takes candidates oldest first and refuses each that could get a request of an accepted one, or finds no place. */
export function refuseConflicts(candidates: readonly Verdict[]): readonly Verdict[] {
  const holders = new Map<string, AcceptedIntercept[]>();
  return candidates.map((candidate) => {
    if (candidate.kind === 'refused') return candidate;
    const claims = listClaims(candidate);
    const refusal = findConflict(candidate, claims, holders) ?? findCrowd(candidate, claims, holders);
    if (refusal !== undefined) return { ...candidate, kind: 'refused' as const, refusal };
    for (const claim of claims) {
      const others = holders.get(claim);
      if (others === undefined) holders.set(claim, [candidate]);
      else others.push(candidate);
    }
    return candidate;
  });
}

/** The target itself counts beside its pods, so that two intercepts don't wait together for the first pod to come. */
function listClaims({ intercept, target }: AcceptedIntercept): string[] {
  const { namespace } = intercept.object.metadata;
  const places = [...target.places, ...target.ending];
  const ports = places.map(({ pod, appPort }) => `pod ${pod.namespace}/${pod.name}:${appPort}`);
  const what = intercept.object.spec.action === 'Exit' ? 'exit' : 'target';
  return [`${what} ${namespace}/${target.text}`, ...ports];
}

/** Any number of sessions may leave from one pod. */
function findConflict(
  { intercept }: AcceptedIntercept,
  claims: readonly string[],
  holders: ReadonlyMap<string, readonly AcceptedIntercept[]>,
): Refusal | undefined {
  if (intercept.object.spec.action === 'Exit') return undefined;
  const others = new Set(claims.flatMap((claim) => holders.get(claim) ?? []));
  for (const { intercept: other } of others) {
    const example = overlap(intercept.match, other.match);
    if (example === undefined) continue;
    const { metadata, spec } = other.object;
    const holder = { ...spec, namespace: metadata.namespace, name: metadata.name };
    return { reason: 'Conflict', detail: explainConflict(intercept.object.spec, holder, example) };
  }
  return undefined;
}

function findCrowd(
  { intercept }: AcceptedIntercept,
  claims: readonly string[],
  holders: ReadonlyMap<string, readonly AcceptedIntercept[]>,
): Refusal | undefined {
  const { owner } = intercept.object.spec;
  const isExit = intercept.object.spec.action === 'Exit';
  const most = isExit ? MAX_EXITS_PER_POD : MAX_INTERCEPTS_PER_PORT;
  for (const claim of claims) {
    const others = holders.get(claim) ?? [];
    if (others.length >= most) {
      const detail = `The ${isExit ? 'pod' : 'port'} carries ${others.length} intercepts, and that is the most. Wait until one of them ends.`;
      return { reason: 'TooManyIntercepts', detail };
    }
    const own = others.filter((other) => other.intercept.object.spec.owner === owner).length;
    if (own >= MAX_INTERCEPTS_PER_OWNER_AND_PORT) {
      const detail = `${owner} has ${own} intercepts on the port, and that is the most. End one of them: kubectl tp leave`;
      return { reason: 'TooManyIntercepts', detail };
    }
  }
  return undefined;
}
