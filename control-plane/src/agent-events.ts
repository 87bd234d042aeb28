// What happens on agents' streams -> what the state knows of the agents.

import { type AgentEvent, interceptOfResource } from '@kubectl-tp/xds';
import type { AgentState, Quarantined } from './state/cluster-state.ts';

const NEWLY_CONNECTED: AgentState = { acknowledged: undefined, rejection: undefined };

/** `revisionOf` gives the revision of an intercept as it is now; undefined: there is none any more. */
type RevisionOf = (intercept: string) => string | undefined;

/** The agent's next state; undefined when it has gone. Pure. */
export function afterAgentEvent(
  before: AgentState | undefined,
  event: AgentEvent,
  revisionOf: RevisionOf,
): AgentState | undefined {
  switch (event.kind) {
    case 'connected':
      return NEWLY_CONNECTED;
    // What it holds did not change with its stream.
    case 'rejoined':
      return before ?? NEWLY_CONNECTED;
    case 'disconnected':
      return undefined;
    case 'acknowledged':
      return { ...before, acknowledged: event.tag, rejection: undefined };
    case 'rejected':
      return afterRejection(before ?? NEWLY_CONNECTED, event, revisionOf);
    // Such a stream says nothing about what the node's agent holds.
    case 'refused':
      return before;
  }
}

/** What belongs to one intercept concerns that one alone; anything else, all that the agent is to hold. */
function afterRejection(
  before: AgentState,
  { type, names, message }: Extract<AgentEvent, { kind: 'rejected' }>,
  revisionOf: RevisionOf,
): AgentState {
  const text = `${type} ${names.join(', ')}: ${message}`;
  const refused = names.map((name) => quarantine(interceptOfResource(name), text, revisionOf));
  if (refused.includes(undefined)) return { ...before, rejection: text };
  return { ...before, quarantine: Object.assign({}, before.quarantine, ...refused) };
}

function quarantine(
  intercept: string | undefined,
  text: string,
  revisionOf: RevisionOf,
): Record<string, Quarantined> | undefined {
  if (intercept === undefined) return undefined;
  const revision = revisionOf(intercept);
  return revision === undefined ? {} : { [intercept]: { revision, text } };
}
