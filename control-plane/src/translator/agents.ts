// The configuration of every agent: which of its ports are read as HTTP, and whose intercepts they carry.

import type { AgentConfig, AgentPort } from '@kubectl-tp/xds';
import type { AgentDescription } from '../api/index.ts';
import { comparePrecedence, compareText } from '../match/index.ts';
import type { ClusterState, PodModel } from '../state/cluster-state.ts';
import type { AcceptedIntercept } from './conflicts.ts';
import { buildGate, listRelayAddresses } from './gate.ts';
import type { LiveIntercept } from './intercept.ts';
import { findQuarantine } from './quarantine.ts';
import type { TranslationContext } from './translation.ts';
import { buildInterceptRoute, buildTunnel } from './tunnel.ts';

/** How long a port stays in mode `http` after its last intercept: the next one then takes effect at once. */
export const HTTP_LINGER_MS = 10 * 60_000;

export type AgentPlan = {
  /** By node id, sorted. */
  readonly agents: ReadonlyMap<string, AgentConfig>;
  readonly httpUntilMs: ReadonlyMap<string, number>;
};

type AgentContext = Pick<TranslationContext, 'nowMs' | 'memory' | 'installNamespace' | 'gateKey'>;

type PortPlan = { readonly intercepts: readonly LiveIntercept[]; readonly httpUntilMs: number };

export function planAgents(
  state: ClusterState,
  accepted: readonly AcceptedIntercept[],
  { nowMs, memory, installNamespace, gateKey }: AgentContext,
): AgentPlan {
  const carried = groupByPort(state, accepted);
  const terms = { relays: listRelayAddresses(state, installNamespace), gateKey };
  const agents: AgentConfig[] = [];
  const httpUntilMs = new Map<string, number>();
  for (const pod of state.pods.values()) {
    // An agent without address can't be asking yet.
    if (pod.agent === undefined || pod.ip === undefined) continue;
    const planPort = (appPort: number): PortPlan => {
      const key = `${buildNode(pod)}:${appPort}`;
      const plan = planMode(pod, carried.get(key) ?? [], { nowMs, rememberedMs: memory.httpUntilMs.get(key) });
      if (plan.httpUntilMs > nowMs) httpUntilMs.set(key, plan.httpUntilMs);
      return plan;
    };
    const gate = buildGate(pod, carried.get(`${buildNode(pod)}:0`) ?? [], terms);
    const config = buildAgentConfig(state, { pod, ip: pod.ip, agent: pod.agent, nowMs, planPort });
    agents.push(gate === undefined ? config : { ...config, gate });
  }
  agents.sort((a, b) => compareText(a.node, b.node));
  return { agents: new Map(agents.map((agent) => [agent.node, agent])), httpUntilMs };
}

export function buildNode({ namespace, name }: PodModel): string {
  return `${namespace}/${name}`;
}

/**
 * An ending pod reads nothing new: its agent then tells callers to go elsewhere (connection: close, GOAWAY) while the
 * application still answers. What they ask meanwhile on connections from before is still the laptop's.
 */
function planMode(
  { terminating }: PodModel,
  intercepts: readonly LiveIntercept[],
  { nowMs, rememberedMs }: { nowMs: number; rememberedMs: number | undefined },
): PortPlan {
  if (terminating) return { intercepts, httpUntilMs: 0 };
  if (intercepts.length > 0) return { intercepts, httpUntilMs: Number.POSITIVE_INFINITY };
  const justEnded = rememberedMs === Number.POSITIVE_INFINITY;
  return { intercepts, httpUntilMs: justEnded ? nowMs + HTTP_LINGER_MS : (rememberedMs ?? 0) };
}

type AgentPlace = {
  readonly pod: PodModel;
  readonly ip: string;
  readonly agent: AgentDescription;
  readonly nowMs: number;
  readonly planPort: (appPort: number) => PortPlan;
};

function buildAgentConfig(state: ClusterState, { pod, ip, agent, nowMs, planPort }: AgentPlace): AgentConfig {
  const sessions = new Set<string>();
  const ports = agent.ports.map(({ appPort, agentPort }): AgentPort => {
    const { intercepts, httpUntilMs } = planPort(appPort);
    for (const { object } of intercepts) sessions.add(object.spec.session);
    return {
      appPort,
      agentPort,
      mode: httpUntilMs > nowMs ? 'http' : 'tcp',
      intercepts: intercepts.toSorted(comparePrecedence).map(buildInterceptRoute),
    };
  });
  return {
    node: buildNode(pod),
    podIp: ip,
    ports: ports.sort((a, b) => a.appPort - b.appPort),
    tunnels: [...sessions].sort(compareText).map((session) => buildTunnel(state, session)),
  };
}

/** By `<node>:<appPort>`; exits by `<node>:0`. */
function groupByPort(
  state: ClusterState,
  accepted: readonly AcceptedIntercept[],
): ReadonlyMap<string, readonly LiveIntercept[]> {
  const groups = new Map<string, LiveIntercept[]>();
  for (const { intercept, target } of accepted) {
    for (const { pod, appPort, captured } of [...target.places, ...target.ending]) {
      const agent = state.agents.get(buildNode(pod));
      if (captured === undefined || findQuarantine(agent, intercept) !== undefined) continue;
      const key = `${buildNode(pod)}:${appPort}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [intercept]);
      else group.push(intercept);
    }
  }
  return groups;
}
