// Whether another Intercept of the namespace gets some of the requests that a new one asks for.

import type { Intercept, InterceptSpec, InterceptTarget } from '@kubectl-tp/control-plane/api';
import { explainConflict, overlap } from '@kubectl-tp/control-plane/match';
import { findServicePort, type ServiceView } from '../inject/namespace-view.ts';

export type Candidate = { readonly namespace: string; readonly name: string; readonly spec: InterceptSpec };

/** The text for whoever asks, with the other's owner and an example request; undefined when there is no conflict. */
export function findConflict(
  { namespace, name, spec }: Candidate,
  { others, services, nowMs }: { others: readonly Intercept[]; services: readonly ServiceView[]; nowMs: number },
): string | undefined {
  for (const other of others) {
    // The same name is the API server's to refuse, as an object that exists already.
    if (other.metadata.name === name || isEnding(other, nowMs)) continue;
    if (!isSamePort(spec.target, other.spec.target, services)) continue;
    const example = overlap(spec.match, other.spec.match);
    if (example === undefined) continue;
    const { owner, match } = other.spec;
    return explainConflict(spec.match, { namespace, name: other.metadata.name, owner, match }, example);
  }
  return undefined;
}

function isEnding({ metadata, spec }: Intercept, nowMs: number): boolean {
  return (
    metadata.deletionTimestamp !== undefined || (spec.expiresAt !== undefined && Date.parse(spec.expiresAt) <= nowMs)
  );
}

function isSamePort(a: InterceptTarget, b: InterceptTarget, services: readonly ServiceView[]): boolean {
  if (a.kind !== b.kind || a.name !== b.name) return false;
  if (a.port === b.port) return true;
  // A workload's port that is left out is its only one.
  if (a.kind !== 'Service') return a.port === undefined || b.port === undefined;
  const service = services.find((candidate) => candidate.name === a.name);
  if (service === undefined) return false;
  const port = findServicePort(service, a.port);
  return port !== undefined && port === findServicePort(service, b.port);
}
