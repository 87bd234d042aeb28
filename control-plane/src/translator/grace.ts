// For how long an agent counts as holding an intercept after the last control plane pod that said so: its stream may
// just be moving to another one, and an agent keeps what it holds meanwhile.

import type { Intercept } from '../api/index.ts';
import type { PodModel } from '../state/cluster-state.ts';
import type { Acknowledged } from './acknowledgement.ts';
import type { Verdict } from './conflicts.ts';
import type { TranslationContext } from './translation.ts';

/** An agent whose stream has ended is back within a second or two, many thousands at a time within some more. */
export const HOLD_GRACE_MS = 10_000;

export type Holders = {
  readonly acknowledged: Acknowledged;
  /** Until when each pod counts, as `TranslationMemory` keeps it; Infinity while somebody says so. */
  readonly heldUntilMs: ReadonlyMap<string, number>;
};

export function addGrace(
  verdict: Verdict,
  { pods, rejections }: Acknowledged,
  { nowMs, memory }: Pick<TranslationContext, 'nowMs' | 'memory'>,
): Holders {
  const heldUntilMs = new Map<string, number>();
  const holding = new Set(pods);
  for (const { pod, captured } of verdict.kind === 'accepted' ? verdict.target.places : []) {
    if (captured === undefined) continue;
    const key = buildHoldKey(verdict.intercept.object, pod);
    const untilMs = pods.has(pod.name) ? Number.POSITIVE_INFINITY : extend(memory.heldUntilMs.get(key), nowMs);
    // What an agent refuses it does not hold, whatever it held before.
    if (untilMs <= nowMs || rejections.some((rejection) => rejection.startsWith(`${pod.name}: `))) continue;
    heldUntilMs.set(key, untilMs);
    holding.add(pod.name);
  }
  return { acknowledged: { pods: holding, rejections }, heldUntilMs };
}

function extend(rememberedMs: number | undefined, nowMs: number): number {
  return rememberedMs === Number.POSITIVE_INFINITY ? nowMs + HOLD_GRACE_MS : (rememberedMs ?? 0);
}

/**
 * Key of `TranslationMemory.heldUntilMs`. Neither another object or pod of the same name nor another generation of the
 * intercept has been acknowledged.
 */
export function buildHoldKey({ metadata }: Intercept, pod: PodModel): string {
  const { namespace, name, uid = `${namespace}/${name}`, generation = 0 } = metadata;
  return `${uid}:${generation}:${pod.uid}`;
}
