// What the webhook counts.

import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    injections: new Counter({
      name: 'tp_webhook_injections_total',
      help: 'Pods admitted, by outcome (injected, skipped, failed) and reason for skipping.',
      labelNames: ['outcome', 'reason'] as const,
      registers,
    }),
    admissions: new Counter({
      name: 'tp_webhook_admissions_total',
      help: 'Intercepts and Sessions admitted, by outcome (allowed, refused) and error code.',
      labelNames: ['kind', 'outcome', 'error'] as const,
      registers,
    }),
    seconds: new Histogram({
      name: 'tp_webhook_request_seconds',
      help: 'Time to answer, by path.',
      labelNames: ['path'] as const,
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
      registers,
    }),
  };
}
