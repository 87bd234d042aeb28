// The writes that roll workloads and mark those whose agents nobody needs.

import { createEvent } from '../kubernetes/events.ts';
import { markUnused, rollWorkload } from '../kubernetes/rollout.ts';
import type { Write } from '../kubernetes/write-queue.ts';
import { workloadKey } from '../state/cluster-state.ts';
import type { RolloutRequest, Translation, UnusedMark, WorkloadId } from '../translator/index.ts';
import type { Reporting } from './reporting.ts';

/** For the leader only. */
export function buildWorkloadWrites({ rollouts, unused }: Translation, reporting: Reporting): Write[] {
  return [
    ...rollouts.map((rollout) => buildRolloutWrite(rollout, reporting)),
    ...unused.map((mark) => buildMarkWrite(mark, reporting)),
  ];
}

/** The key of a workload's rollout in the write queue. */
export function rolloutKey(workload: WorkloadId): string {
  return `rollout of ${workloadKey(workload)}`;
}

function buildRolloutWrite(rollout: RolloutRequest, reporting: Reporting): Write {
  const { workload, purpose, annotation, message } = rollout;
  const { client, replica, now, onTrouble } = reporting;
  return {
    key: rolloutKey(workload),
    // Without the time, which differs each round: a rollout for the same reasons is the same rollout.
    fingerprint: JSON.stringify([purpose, annotation.replace(/@.*$/, '')]),
    async send(signal) {
      await rollWorkload(client, { workload, annotation }, { signal });
      const subject = { apiVersion: 'apps/v1', ...subjectOf(workload) };
      const text = { type: 'Normal', reason: 'AgentRollout', message } as const;
      await createEvent(client, { subject, text, reporter: replica, nowMs: now() }, { signal }).catch((error) =>
        onTrouble(`event of ${workload.name}`, error),
      );
    },
  };
}

function buildMarkWrite({ workload, since }: UnusedMark, { client }: Reporting): Write {
  return {
    key: `unused mark of ${workloadKey(workload)}`,
    fingerprint: since === undefined ? 'needed' : 'unused',
    send: (signal) => markUnused(client, { workload, since }, { signal }),
  };
}

function subjectOf({ kind, namespace, name }: WorkloadId) {
  return { kind, namespace, name };
}
