// The streams of all agents: at most one per node (the newest), and what happens on them as events.

import type { SnapshotCache } from '../cache/snapshot-cache.ts';
import type { ResourceType } from '../resource-set.ts';
import {
  type AgentCall,
  type AgentStream,
  type Authenticate,
  type ProvenAgent,
  serveAgentStream,
} from './agent-stream.ts';
import type { DiscoveryLimits } from './limits.ts';
import type { StreamEndReason } from './stream-end.ts';

export type AgentEvent =
  | { readonly kind: 'connected'; readonly node: string }
  /** The same agent on a new stream, soon after its old one ended for its age; it was connected all the while. */
  | { readonly kind: 'rejoined'; readonly node: string }
  /** The node has no stream any more; not sent when a newer stream took over. */
  | { readonly kind: 'disconnected'; readonly node: string; readonly reason: string }
  /** The agent holds everything in the snapshot that was set with this tag. */
  | { readonly kind: 'acknowledged'; readonly node: string; readonly tag: string }
  | {
      readonly kind: 'rejected';
      readonly node: string;
      readonly type: ResourceType;
      readonly names: readonly string[];
      /** Envoy's words. */
      readonly message: string;
    }
  /** A stream that never was an agent's; `node` is empty if its token proved none. */
  | { readonly kind: 'refused'; readonly node: string; readonly reason: StreamEndReason; readonly detail: string };

export type DiscoveryServiceOptions = {
  readonly cache: SnapshotCache;
  readonly authenticate: Authenticate;
  /** Called synchronously; must not throw. */
  readonly onAgent: (event: AgentEvent) => void;
};

export type DiscoveryService = {
  serve(call: AgentCall): void;
  /** Ends the streams of agents for which `isCurrent` no longer stands. */
  endOutdated(isCurrent: (agent: ProvenAgent) => boolean): void;
  endAll(reason: StreamEndReason): void;
};

type ServiceOptions = DiscoveryServiceOptions & {
  readonly limits: DiscoveryLimits;
  /** Called with the address and port from which an agent has proven itself. */
  readonly onProven: (peer: string) => void;
};

export function createDiscoveryService(options: ServiceOptions): DiscoveryService {
  const { cache, authenticate, limits, onAgent } = options;
  /** Every stream, those that have not proved their node included. */
  const streams = new Set<AgentStream>();
  const current = new Map<string, { readonly stream: AgentStream; readonly agent: ProvenAgent }>();
  /** Nodes whose stream has ended for its age and whose next one is awaited. */
  const rejoining = new Map<string, { readonly agent: ProvenAgent; readonly timer: NodeJS.Timeout }>();

  function serve(call: AgentCall): void {
    const stream = serveAgentStream(call, {
      ...{ cache, authenticate, limits },
      onProven: () => options.onProven(call.getPeer()),
      onConnected: (agent) => takeOver(agent),
      onFact: (node, fact) => onAgent({ ...fact, node }),
      onEnd: ({ node, reason, detail }) => leave(node, reason, detail),
    });
    streams.add(stream);

    function takeOver(agent: ProvenAgent): void {
      const { node } = agent;
      const older = current.get(node);
      current.set(node, { stream, agent });
      older?.stream.end('replaced');
      onAgent({ kind: isAwaited(agent) ? 'rejoined' : 'connected', node });
    }

    function leave(node: string, reason: StreamEndReason | 'by_agent', detail: string): void {
      streams.delete(stream);
      const held = current.get(node);
      if (held?.stream === stream) {
        current.delete(node);
        if (reason === 'aged') awaitReturn(held.agent, detail);
        else onAgent({ kind: 'disconnected', node, reason: detail || reason });
      } else if (reason !== 'replaced' && reason !== 'by_agent') {
        onAgent({ kind: 'refused', node, reason, detail });
      }
    }
  }

  function awaitReturn(agent: ProvenAgent, reason: string): void {
    const { node } = agent;
    const giveUp = () => {
      rejoining.delete(node);
      onAgent({ kind: 'disconnected', node, reason });
    };
    rejoining.set(node, { agent, timer: setTimeout(giveUp, limits.rejoinGraceMs) });
  }

  function isAwaited({ node, instance }: ProvenAgent): boolean {
    const awaited = rejoining.get(node);
    clearTimeout(awaited?.timer);
    rejoining.delete(node);
    return awaited?.agent.instance === instance;
  }

  function endOutdated(isCurrent: (agent: ProvenAgent) => boolean): void {
    for (const { stream, agent } of [...current.values()]) if (!isCurrent(agent)) stream.end('outdated');
  }

  function endAll(reason: StreamEndReason): void {
    for (const { timer } of rejoining.values()) clearTimeout(timer);
    for (const stream of [...streams]) stream.end(reason);
  }

  return { serve, endOutdated, endAll };
}
