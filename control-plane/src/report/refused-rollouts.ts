// Tells the owners of intercepts that wait for a rollout which the API server refuses: an admission policy, a webhook
// or a right of ours stands in the way, and only a person can change that. Pure.

import { formatReason, PROGRAMMED_REASONS } from '../api/index.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import type { DesiredCondition, RolloutRequest, Translation, WorkloadId } from '../translator/index.ts';

/** Why the last attempt to roll a workload failed; undefined: it did not. */
export type FindRolloutFailure = (workload: WorkloadId) => unknown;

export function withRefusedRollouts(translation: Translation, findFailure: FindRolloutFailure): Translation {
  const statuses = new Map(translation.statuses);
  for (const rollout of translation.rollouts) {
    const failure = findFailure(rollout.workload);
    if (!isRefusal(failure)) continue;
    const detail = describeRefusal(rollout, failure);
    for (const key of rollout.intercepts) {
      const status = statuses.get(key);
      if (status === undefined) continue;
      statuses.set(key, { ...status, conditions: status.conditions.map((each) => withRefusal(each, detail)) });
    }
  }
  return { ...translation, statuses };
}

/** An API server that has too much to do, or does not answer, will take the rollout in a moment. */
function isRefusal(failure: unknown): failure is KubernetesError {
  return failure instanceof KubernetesError && failure.status >= 400 && failure.status !== 429;
}

function describeRefusal({ workload }: RolloutRequest, { message }: KubernetesError): string {
  const { kind, namespace, name } = workload;
  const remedy = `kubectl -n ${namespace} rollout restart ${kind.toLowerCase()}/${name}`;
  const cause = message.replace(/\.$/, '');
  return `The API server refuses to roll ${kind} ${name}: ${cause}. Pods that come another way get an agent, too: ${remedy}`;
}

/** Only what waits for the rollout; another reason says more. */
function withRefusal(condition: DesiredCondition, detail: string): DesiredCondition {
  if (condition.type !== 'Programmed' || condition.reason !== 'RollingOut') return condition;
  return { ...condition, reason: 'AgentMissing', message: formatReason(PROGRAMMED_REASONS, 'AgentMissing', detail) };
}
