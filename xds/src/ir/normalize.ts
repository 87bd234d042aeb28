// An agent's configuration without what Envoy could not take and without doubles. Ports and relays come in one order,
// so that equal configurations stay equal.

import { isIP } from 'node:net';
import type { AgentConfig, AgentPort, Gate, InterceptRoute, Tunnel } from './agent-config.ts';
import {
  isRelay,
  MAX_EXITS,
  MAX_INTERCEPTS_PER_PORT,
  MAX_PORTS,
  validateAgent,
  validateExit,
  validateGate,
  validateIntercept,
  validatePort,
  validateTunnel,
} from './validate.ts';

/** Of doubles the first stays. Intercepts keep their order, which is their precedence. */
export function normalizeAgentConfig(config: AgentConfig): AgentConfig {
  const { gate, ...rest } = config;
  if (validateAgent(config).length > 0) return { ...rest, ports: [], tunnels: [] };
  const tunnels = normalizeTunnels(config.tunnels);
  const ports = normalizePorts(config.ports, new Set(tunnels.map(({ session }) => session)));
  const used = new Set(ports.flatMap((port) => port.intercepts.map(({ session }) => session)));
  return {
    ...rest,
    ports,
    tunnels: tunnels.filter(({ session }) => used.has(session)),
    ...normalizeGate(gate, ports),
  };
}

/** Without an exit that works, or a relay to come from, there is no gate. */
function normalizeGate(gate: Gate | undefined, ports: readonly AgentPort[]): { gate?: Gate } {
  if (gate === undefined || validateGate(gate, ports).length > 0) return {};
  const relays = [...new Set(gate.relays.filter((address) => isIP(address) !== 0))].sort(compare);
  const valid = gate.exits.filter((exit) => validateExit(exit).length === 0);
  const exits = keepFirst(valid, ({ id }) => id)
    .slice(0, MAX_EXITS)
    .sort((a, b) => compare(a.id, b.id));
  return exits.length === 0 || relays.length === 0 ? {} : { gate: { ...gate, relays, exits } };
}

function normalizeTunnels(tunnels: readonly Tunnel[]): Tunnel[] {
  const reachable = tunnels.map((tunnel) => ({ ...tunnel, relays: normalizeRelays(tunnel) }));
  const valid = reachable.filter((tunnel) => validateTunnel(tunnel).length === 0);
  return keepFirst(valid, ({ session }) => session);
}

function normalizeRelays({ relays }: Tunnel): Tunnel['relays'] {
  const unique = keepFirst(relays.filter(isRelay), ({ address, port }) => `${address} ${port}`);
  return unique.sort((a, b) => compare(a.address, b.address) || a.port - b.port);
}

function normalizePorts(ports: readonly AgentPort[], sessions: ReadonlySet<string>): AgentPort[] {
  const valid = ports.filter((port) => validatePort(port).length === 0);
  const unique = keepFirst(
    keepFirst(valid, ({ appPort }) => appPort),
    ({ agentPort }) => agentPort,
  );
  const seen = new Set<string>();
  return unique
    .slice(0, MAX_PORTS)
    .sort((a, b) => a.appPort - b.appPort)
    .map((port) => ({ ...port, intercepts: normalizeIntercepts(port.intercepts, sessions, seen) }));
}

function normalizeIntercepts(
  intercepts: readonly InterceptRoute[],
  sessions: ReadonlySet<string>,
  seen: Set<string>,
): InterceptRoute[] {
  const valid = intercepts.filter((intercept) => validateIntercept(intercept, sessions).length === 0);
  const fresh = keepFirst(valid, ({ id }) => id).filter(({ id }) => !seen.has(id));
  const kept = fresh.slice(0, MAX_INTERCEPTS_PER_PORT);
  for (const { id } of kept) seen.add(id);
  return kept;
}

function keepFirst<T>(items: readonly T[], keyOf: (item: T) => unknown): T[] {
  const seen = new Set<unknown>();
  return items.filter((item) => {
    const isNew = !seen.has(keyOf(item));
    seen.add(keyOf(item));
    return isNew;
  });
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
