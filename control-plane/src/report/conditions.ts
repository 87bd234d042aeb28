// Conditions with the time at which their status last changed. Pure.

import type { Condition } from '../api/index.ts';

type TimelessCondition = Omit<Condition, 'lastTransitionTime'>;

/** A condition whose status stays keeps its time, whatever its message says. */
export function withTransitionTimes(
  conditions: readonly TimelessCondition[],
  before: readonly Condition[],
  now: string,
): Condition[] {
  return conditions.map((condition) => {
    const held = before.find(({ type }) => type === condition.type);
    return { ...condition, lastTransitionTime: held?.status === condition.status ? held.lastTransitionTime : now };
  });
}

/** Conditions whose status or reason is news; messages alone are not. */
export function findTransitions<T extends TimelessCondition>(
  conditions: readonly T[],
  before: readonly Condition[],
): T[] {
  return conditions.filter(({ type, status, reason }) => {
    const held = before.find((condition) => condition.type === type);
    return held?.status !== status || held.reason !== reason;
  });
}
