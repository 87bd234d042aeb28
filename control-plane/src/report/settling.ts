// Which intercepts are so new that agents are just taking them over. That takes tens of milliseconds, and what could be
// said meanwhile would be wrong before it is read: while an intercept settles, nothing is said but what somebody waits for.

import type { Intercept } from '../api/index.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { Translation } from '../translator/index.ts';

export type Settled = {
  /** Without what can wait. */
  readonly translation: Translation;
  /** When to report again if nothing happens; Infinity: nothing waits. */
  readonly nextMs: number;
};

/** To be asked in each round. */
export type Settling = { hold(state: ClusterState, translation: Translation, nowMs: number): Settled };

/** Whoever watches an intercept that takes longer hears of it then, which still feels like at once. */
const SETTLING_MS = 250;

export function createSettling(): Settling {
  /** Since when this process has seen an intercept settle, by its uid and generation. */
  let sinceMs: ReadonlyMap<string, number> = new Map();

  function hold({ intercepts }: ClusterState, translation: Translation, nowMs: number): Settled {
    const settling = [...intercepts]
      .filter(([key, intercept]) => isNews(intercept) && isWaitingForAgents(translation, key))
      .map(([key, intercept]) => ({ key, id: idOf(intercept), fromMs: sinceMs.get(idOf(intercept)) ?? nowMs }));
    sinceMs = new Map(settling.map(({ id, fromMs }) => [id, fromMs]));
    const held = settling.filter(({ fromMs }) => nowMs - fromMs < SETTLING_MS);
    if (held.length === 0) return { translation, nextMs: Number.POSITIVE_INFINITY };
    const nextMs = Math.min(...held.map(({ fromMs }) => fromMs + SETTLING_MS));
    return { translation: without(translation, new Set(held.map(({ key }) => key))), nextMs };
  }

  return { hold };
}

/** Nothing has been said of its present generation; what has been said before must not outlive its truth. */
function isNews({ metadata, status }: Intercept): boolean {
  return status?.observedGeneration !== metadata.generation;
}

function isWaitingForAgents({ statuses }: Translation, key: string): boolean {
  return statuses.get(key)?.conditions.some(({ reason }) => reason === 'WaitingForAgents') ?? false;
}

/** Reports that are complete go out: other replicas and the laptop wait for them. */
function without(translation: Translation, held: ReadonlySet<string>): Translation {
  const { statuses, acknowledged, awaited } = translation;
  return {
    ...translation,
    statuses: new Map([...statuses].filter(([key]) => !held.has(key))),
    acknowledged: new Map([...acknowledged].filter(([key]) => !held.has(key) || !awaited.has(key))),
  };
}

function idOf({ metadata }: Intercept): string {
  return `${metadata.uid}/${metadata.generation}`;
}
