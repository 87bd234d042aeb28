// What agents have shown: when each last reached this laptop for which intercept (the proof that the data path works),
// and how many connections each has brought.

import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { Probe } from '../../tunnel/tunnels.ts';
import { interceptKey } from './intercept-key.ts';

/** Agents probe every 10 s; one that has been silent for three probes no longer proves anything. */
export const PROBE_FRESH_MS = 30_000;

/** A pod that has been silent for that long is gone, or its trouble is told by the intercept's conditions. */
const FORGOTTEN_MS = 3 * PROBE_FRESH_MS;

export type AgentBook = {
  recordProbe(agent: Probe, nowMs: number): void;
  recordConnection(agent: Probe): void;
  /** Milliseconds since the last probe, by pod; without those that have been silent for long. */
  probeAges(intercept: InterceptName, nowMs: number): ReadonlyMap<string, number>;
  /** Connections that reached the local port, by pod. */
  connections(intercept: InterceptName): ReadonlyMap<string, number>;
  forget(intercept: InterceptName): void;
};

export function createAgentBook(): AgentBook {
  const probes = new Map<string, Map<string, number>>();
  const connections = new Map<string, Map<string, number>>();
  return {
    recordProbe({ namespace, intercept, pod }, nowMs) {
      pageOf(probes, { namespace, name: intercept }).set(pod, nowMs);
    },
    recordConnection({ namespace, intercept, pod }) {
      const page = pageOf(connections, { namespace, name: intercept });
      page.set(pod, (page.get(pod) ?? 0) + 1);
    },
    probeAges(intercept, nowMs) {
      const page = pageOf(probes, intercept);
      for (const [pod, atMs] of page) if (nowMs - atMs > FORGOTTEN_MS) page.delete(pod);
      return new Map([...page].map(([pod, atMs]) => [pod, nowMs - atMs]));
    },
    connections: (intercept) => new Map(pageOf(connections, intercept)),
    forget(intercept) {
      probes.delete(interceptKey(intercept));
      connections.delete(interceptKey(intercept));
    },
  };
}

function pageOf(book: Map<string, Map<string, number>>, intercept: InterceptName): Map<string, number> {
  const key = interceptKey(intercept);
  const page = book.get(key) ?? new Map<string, number>();
  book.set(key, page);
  return page;
}
