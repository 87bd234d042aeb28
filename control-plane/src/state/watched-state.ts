// The one ClusterState of this process: fed by watches, by agents' acknowledgements and by the passing of time, read
// by whoever subscribes. Subscribers hear nothing until every watch has its first list; whoever reads for another reason
// asks `isSynced` first.

import { isDeepStrictEqual } from 'node:util';
import type { KubernetesClient } from '../kubernetes/index.ts';
import type { AgentState, ClusterState } from './cluster-state.ts';
import { buildTunnels, findReplicas, nextExpiryMs } from './tunnels.ts';
import { createWatchedObjects, type WatchedObjects } from './watched-objects.ts';

export type WatchedStateOptions = {
  readonly client: KubernetesClient;
  readonly installNamespace: string;
  readonly now: () => number;
  /** Hears of each failure that a watch is about to recover from. */
  readonly onTrouble: (watch: string, error: Error) => void;
};

export type WatchedState = {
  /** Every first list is there. */
  readonly isSynced: boolean;
  /** A new object whenever anything in it has changed, the same object otherwise. */
  read(): ClusterState;
  /** Calls `listener` after each change; several changes may have happened by the time it reads. */
  subscribe(listener: () => void): () => void;
  /** What a connected agent holds; undefined: it is no longer connected here. */
  setAgent(node: string, agent: AgentState | undefined): void;
  /** Watches until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
};

export function createWatchedState(options: WatchedStateOptions): WatchedState {
  const objects = createWatchedObjects(options.client, options.installNamespace);
  const watches = Object.values(objects);
  const waitingFor = new Set(watches.map(({ name }) => name));
  const listeners = new Set<() => void>();
  const agents = new Map<string, AgentState>();
  let expiryTimer: NodeJS.Timeout | undefined;
  let state: ClusterState = buildState(objects, agents, options);
  let isStale = true;

  function touch(): void {
    isStale = true;
    if (waitingFor.size > 0) return;
    for (const listener of [...listeners]) listener();
  }

  function read(): ClusterState {
    if (!isStale) return state;
    isStale = false;
    state = buildState(objects, agents, options, state);
    awaitExpiry();
    return state;
  }

  /** A Lease that nobody renews expires without any event. */
  function awaitExpiry(): void {
    clearTimeout(expiryTimer);
    const nowMs = options.now();
    const delayMs = nextExpiryMs(objects.tunnelLeases.current.values(), nowMs) - nowMs;
    if (Number.isFinite(delayMs)) expiryTimer = setTimeout(touchTunnels, delayMs + 1);
  }

  /** Leases are renewed all the time: only a tunnel that comes or goes is news. */
  function touchTunnels(): void {
    if (isStale || !isDeepStrictEqual(state.tunnels, tunnelsNow(objects, options))) touch();
    else awaitExpiry();
  }

  function setAgent(node: string, agent: AgentState | undefined): void {
    if (isDeepStrictEqual(agents.get(node), agent)) return;
    if (agent === undefined) agents.delete(node);
    else agents.set(node, agent);
    touch();
  }

  function onListed(watch: string): void {
    if (waitingFor.delete(watch)) touch();
  }

  async function run(signal: AbortSignal): Promise<void> {
    const onChangeOf = (watch: unknown) => (watch === objects.tunnelLeases ? touchTunnels : touch);
    const handlers = { signal, onListed, onTrouble: options.onTrouble };
    try {
      await Promise.all(watches.map((watch) => watch.run({ ...handlers, onChange: onChangeOf(watch) })));
    } finally {
      clearTimeout(expiryTimer);
    }
  }

  return {
    get isSynced() {
      return waitingFor.size === 0;
    },
    read,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setAgent,
    run,
  };
}

type BuildOptions = Pick<WatchedStateOptions, 'installNamespace' | 'now'>;

/** Parts that are equal to those of `before` stay the same objects. */
function buildState(
  objects: WatchedObjects,
  agents: ReadonlyMap<string, AgentState>,
  options: BuildOptions,
  before?: ClusterState,
): ClusterState {
  const pods = objects.pods.current;
  const { deployments, statefulSets, daemonSets } = objects;
  const tunnels = tunnelsNow(objects, options);
  return {
    intercepts: objects.intercepts.current,
    sessions: objects.sessions.current,
    services: objects.services.current,
    pods,
    workloads: new Map([...deployments.current, ...statefulSets.current, ...daemonSets.current]),
    namespaces: objects.namespaces.current,
    tunnels: isDeepStrictEqual(before?.tunnels, tunnels) && before ? before.tunnels : tunnels,
    agents: new Map(agents),
    replicas: findReplicas(pods, options.installNamespace),
  };
}

function tunnelsNow({ tunnelLeases, pods }: WatchedObjects, { installNamespace, now }: BuildOptions) {
  return buildTunnels(tunnelLeases.current.values(), pods.current, { installNamespace, nowMs: now() });
}
