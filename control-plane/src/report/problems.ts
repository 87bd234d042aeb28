// Tells the owner of an intercept that agents cannot take what was found while publishing. Pure.

import { formatReason, PROGRAMMED_REASONS, READY_REASONS } from '../api/index.ts';
import type { InterceptProblems } from '../publisher.ts';
import type { DesiredStatus, Translation } from '../translator/index.ts';

export function withProblems(translation: Translation, problems: InterceptProblems): Translation {
  if (problems.size === 0) return translation;
  const statuses = [...translation.statuses].map(([key, status]) => {
    const problem = problems.get(key);
    return [key, problem === undefined ? status : withProblem(status, problem)] as const;
  });
  return { ...translation, statuses: new Map(statuses) };
}

function withProblem(status: DesiredStatus, problem: string): DesiredStatus {
  const rejected = { reason: 'Rejected', message: formatReason(PROGRAMMED_REASONS, 'Rejected', problem) };
  const notReady = { reason: 'NotProgrammed', message: formatReason(READY_REASONS, 'NotProgrammed') };
  const conditions = status.conditions.map((condition) => {
    if (condition.type === 'Programmed') return { ...condition, ...rejected, status: 'False' as const };
    if (condition.type === 'Ready') return { ...condition, ...notReady, status: 'False' as const };
    return condition;
  });
  return { ...status, conditions };
}
