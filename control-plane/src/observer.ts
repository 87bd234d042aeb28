// Where the parts of the process say what happens to them: log line and metric in one place, so that the parts know
// neither.

import type { AgentEvent } from '@kubectl-tp/xds';
import type { Logger } from 'pino';
import type { Metrics } from './admin/metrics.ts';

export type Observer = ReturnType<typeof createObserver>;

export function createObserver(log: Logger, metrics: Metrics) {
  const connected = new Set<string>();
  return {
    watchTrouble(resource: string, err: Error): void {
      metrics.watchTroubles.inc({ resource });
      log.warn({ resource, err }, 'watch interrupted, resuming');
    },
    writeTrouble(what: string, err: unknown): void {
      metrics.writeTroubles.inc();
      log.warn({ what, err }, 'write to the API server failed, will be tried again');
    },
    trouble(what: string, err: unknown): void {
      log.warn({ what, err }, 'failed, will be tried again');
    },
    leads(isLeader: boolean): void {
      metrics.leader.set(isLeader ? 1 : 0);
      log.info({ isLeader }, 'leadership changed');
    },
    round({ durationMs, error }: { durationMs: number; error?: unknown }): void {
      metrics.rounds.observe(durationMs / 1000);
      if (error === undefined) return;
      metrics.roundsFailed.inc();
      log.error({ err: error }, 'round failed, the last good configuration stays');
    },
    agent(event: AgentEvent): void {
      // A stream that takes over from an older one of the same node is no agent more.
      if (event.kind === 'connected') connected.add(event.node);
      if (event.kind === 'disconnected') connected.delete(event.node);
      metrics.agents.set(connected.size);
      metrics.agentEvents.inc({ kind: event.kind });
      const { kind, ...fields } = event;
      // A rejection is a defect of ours or of Envoy's, a refusal may be an attack; the rest is everyday life.
      if (kind === 'rejected' || kind === 'refused') log.warn(fields, `agent ${kind}`);
      else log.debug(fields, `agent ${kind}`);
    },
  };
}
