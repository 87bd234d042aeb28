// What an operator can see of the control plane, in Prometheus' words.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    rounds: new Histogram({
      name: 'tp_round_seconds',
      help: 'Time from reading the state to having published and reported.',
      buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    roundsFailed: new Counter({ name: 'tp_rounds_failed_total', help: 'Rounds that ended with an error.', registers }),
    agents: new Gauge({ name: 'tp_agents_connected', help: 'Agents connected to this replica.', registers }),
    leader: new Gauge({ name: 'tp_leader', help: '1 while this replica leads.', registers }),
    agentEvents: new Counter({
      name: 'tp_agent_events_total',
      help: "What happened on agents' streams, by kind.",
      labelNames: ['kind'],
      registers,
    }),
    watchTroubles: new Counter({
      name: 'tp_watch_troubles_total',
      help: 'Interruptions of watches, by resource.',
      labelNames: ['resource'],
      registers,
    }),
    writeTroubles: new Counter({
      name: 'tp_write_troubles_total',
      help: 'Writes to the API server that failed and are tried again.',
      registers,
    }),
  };
}
