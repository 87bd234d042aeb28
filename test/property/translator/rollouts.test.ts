// Rollouts must come to an end, whatever the webhook does: a small model of a workload carries them out again and again.

import test from 'ava';
import fc from 'fast-check';
import { type ClusterState, type PodModel, workloadKey } from '../../../control-plane/src/state/cluster-state.ts';
import { translate } from '../../../control-plane/src/translator/translate.ts';
import type { RolloutRequest } from '../../../control-plane/src/translator/translation.ts';
import { CONTEXT } from '../../fixtures/translation.ts';
import { anyState } from './any-state.ts';

test('after one rollout there is no reason for another, injected or not', (t) => {
  fc.assert(
    fc.property(anyState, fc.func(fc.boolean()), (state, isInjected) => {
      const first = translate(state, CONTEXT).rollouts;
      const second = translate(carryOut(state, first, isInjected), CONTEXT).rollouts;
      t.deepEqual(second, []);
    }),
    { numRuns: 500 },
  );
});

test('a rollout that has been asked for and not yet begun is not asked for again', (t) => {
  fc.assert(
    fc.property(anyState, (state) => {
      const asked = writeTemplates(state, translate(state, CONTEXT).rollouts);
      t.deepEqual(translate(asked, CONTEXT).rollouts, []);
    }),
    { numRuns: 500 },
  );
});

test('asking twice before the first patch is seen gives the same patch', (t) => {
  fc.assert(
    fc.property(anyState, (state) => {
      const later = { ...CONTEXT, nowMs: CONTEXT.nowMs + 1234 };
      t.deepEqual(translate(state, CONTEXT).rollouts, translate(state, later).rollouts);
    }),
  );
});

/** All pods of a rolled workload are new; the webhook may have injected each or not. */
function carryOut(
  state: ClusterState,
  rollouts: readonly RolloutRequest[],
  isInjected: (name: string) => boolean,
): ClusterState {
  const annotations = new Map(rollouts.map(({ workload, annotation }) => [workloadKey(workload), annotation]));
  const pods = [...state.pods].map(([key, pod]): [string, PodModel] => {
    const rollout = pod.workload && annotations.get(workloadKey({ ...pod.workload, namespace: pod.namespace }));
    if (rollout === undefined) return [key, pod];
    const port = { name: 'http', appPort: 8080, agentPort: 15080, capture: 'Name' as const, container: 'app' };
    return [key, { ...pod, rollout, agent: isInjected(pod.name) ? { version: '1', ports: [port] } : undefined }];
  });
  return { ...writeTemplates(state, rollouts), pods: new Map(pods) };
}

function writeTemplates(state: ClusterState, rollouts: readonly RolloutRequest[]): ClusterState {
  const workloads = new Map(state.workloads);
  for (const { workload, annotation } of rollouts) {
    const model = workloads.get(workloadKey(workload));
    if (model !== undefined) workloads.set(workloadKey(workload), { ...model, rollout: annotation, rolledOut: true });
  }
  return { ...state, workloads };
}
