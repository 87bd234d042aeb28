// The streams of all agents: at most one per node (the newest), and what happens on them as events.

import type { SnapshotCache } from '../cache/snapshot-cache.ts';
import type { ResourceType } from '../resource-set.ts';
import { type AgentCall, type AgentStream, type Authenticate, serveAgentStream } from './agent-stream.ts';
import type { StreamEndReason } from './stream-end.ts';

export type AgentEvent =
  | { readonly kind: 'connected'; readonly node: string }
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
  /** A stream that never proved its node; `node` is what it claimed. */
  | { readonly kind: 'refused'; readonly node: string; readonly reason: StreamEndReason; readonly detail: string };

export type DiscoveryServiceOptions = {
  readonly cache: SnapshotCache;
  readonly authenticate: Authenticate;
  /** Called synchronously; must not throw. */
  readonly onAgent: (event: AgentEvent) => void;
};

export type DiscoveryService = {
  serve(call: AgentCall): void;
  endAll(reason: StreamEndReason): void;
  /** Nodes with a stream now. */
  readonly connectedNodes: Iterable<string>;
};

export function createDiscoveryService({ cache, authenticate, onAgent }: DiscoveryServiceOptions): DiscoveryService {
  /** Every stream, those that have not proved their node included. */
  const streams = new Set<AgentStream>();
  const current = new Map<string, AgentStream>();

  function serve(call: AgentCall): void {
    const stream = serveAgentStream(call, {
      cache,
      authenticate,
      onConnected: (node) => takeOver(node),
      onFact: (node, fact) => onAgent({ ...fact, node }),
      onEnd: ({ node, reason, detail }) => leave(node, reason, detail),
    });
    streams.add(stream);

    function takeOver(node: string): void {
      const older = current.get(node);
      current.set(node, stream);
      older?.end('replaced');
      onAgent({ kind: 'connected', node });
    }

    function leave(node: string, reason: StreamEndReason | 'by_agent', detail: string): void {
      streams.delete(stream);
      if (current.get(node) === stream) {
        current.delete(node);
        onAgent({ kind: 'disconnected', node, reason: detail || reason });
      } else if (reason !== 'replaced' && reason !== 'by_agent') {
        onAgent({ kind: 'refused', node, reason, detail });
      }
    }
  }

  function endAll(reason: StreamEndReason): void {
    for (const stream of [...streams]) stream.end(reason);
  }

  return {
    serve,
    endAll,
    get connectedNodes() {
      return current.keys();
    },
  };
}
