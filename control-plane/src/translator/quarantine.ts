// One intercept that an agent refuses must not keep the others from it: the agent goes without it until it changes.

import type { Intercept } from '../api/index.ts';
import type { AgentState } from '../state/cluster-state.ts';
import type { LiveIntercept } from './intercept.ts';

/** Differs when an intercept's content does, or when it is another of the same name. */
export function revisionOf({ metadata }: Intercept): string {
  return `${metadata.uid}/${metadata.generation ?? 0}`;
}

/** The agent's words if it goes without this intercept. */
export function findQuarantine(agent: AgentState | undefined, { key, object }: LiveIntercept): string | undefined {
  const entry = agent?.quarantine?.[key];
  return entry?.revision === revisionOf(object) ? entry.text : undefined;
}
