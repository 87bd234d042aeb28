// What an operator can see of a relay.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { RelayErrorCode } from './errors.ts';
import type { DialOutcome } from './outbound/dial-out.ts';

/** What became of a connection of an agent. */
export type AgentConnectionResult = 'whole' | 'reset' | 'no-client-hello' | 'no-session' | 'too-many';

export type RelayMetrics = {
  registry: Registry;
  tunnels: Gauge;
  connections: Gauge;
  countAgent(result: AgentConnectionResult): void;
  countRefusal(code: RelayErrorCode): void;
  countDial(outcome: DialOutcome): void;
};

export function createMetrics(): RelayMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const agents = new Counter({
    name: 'tp_relay_agent_connections_total',
    help: 'Connections of agents by what became of them.',
    labelNames: ['result'],
    registers,
  });
  const refusals = new Counter({
    name: 'tp_relay_tunnels_refused_total',
    help: 'Tunnels that laptops asked for and did not get, by code.',
    labelNames: ['code'],
    registers,
  });
  const dials = new Counter({
    name: 'tp_relay_outbound_total',
    help: 'What laptops asked to be connected with in the cluster, by what became of it.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    registry,
    tunnels: new Gauge({ name: 'tp_relay_tunnels', help: 'Sessions whose tunnel is up here.', registers }),
    connections: new Gauge({ name: 'tp_relay_connections', help: 'Connections of agents open now.', registers }),
    countAgent: (result) => agents.inc({ result }),
    countRefusal: (code) => refusals.inc({ code }),
    countDial: (outcome) => dials.inc({ outcome }),
  };
}
