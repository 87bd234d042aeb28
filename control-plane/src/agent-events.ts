// What happens on agents' streams -> what the state knows of the agents.

import type { AgentEvent } from '@kubectl-tp/xds';
import type { AgentState } from './state/cluster-state.ts';

const NEWLY_CONNECTED: AgentState = { acknowledged: undefined, rejection: undefined };

/** The agent's next state; undefined when it has gone. Pure. */
export function afterAgentEvent(before: AgentState | undefined, event: AgentEvent): AgentState | undefined {
  switch (event.kind) {
    case 'connected':
      return NEWLY_CONNECTED;
    // What it holds did not change with its stream.
    case 'rejoined':
      return before ?? NEWLY_CONNECTED;
    case 'disconnected':
      return undefined;
    case 'acknowledged':
      return { acknowledged: event.tag, rejection: undefined };
    case 'rejected': {
      const rejection = `${event.type} ${event.names.join(', ')}: ${event.message}`;
      return { acknowledged: before?.acknowledged, rejection };
    }
    // Such a stream says nothing about what the node's agent holds.
    case 'refused':
      return before;
  }
}
