// What this replica writes into an Intercept's status: its own report always, all the rest when it leads. Pure.

import type { AgentReport, Intercept, InterceptStatus } from '../api/index.ts';
import { buildMergePatch } from '../kubernetes/merge-patch.ts';
import type { DesiredStatus } from '../translator/index.ts';
import { withTransitionTimes } from './conditions.ts';

export type StatusWish = {
  /** This replica. */
  readonly replica: string;
  readonly report: AgentReport | undefined;
  /** Undefined unless this replica leads. */
  readonly desired: DesiredStatus | undefined;
  /** The control plane's live pods: the leader takes away the reports of others. */
  readonly replicas: ReadonlySet<string>;
  /** RFC 3339. */
  readonly now: string;
};

/** A merge patch of `status`; undefined when the object says it all. */
export function buildStatusPatch({ status = {} }: Intercept, wish: StatusWish): object | undefined {
  const { reports: reportsBefore = {}, ...before } = status;
  const rest = wish.desired === undefined ? undefined : buildRest(before, wish.desired, wish.now);
  const reports = buildMergePatch(reportsBefore, buildReports(reportsBefore, wish));
  if (rest === undefined && reports === undefined) return undefined;
  return { ...rest, ...(reports === undefined ? {} : { reports }) };
}

function buildRest(before: Omit<InterceptStatus, 'reports'>, desired: DesiredStatus, now: string): object | undefined {
  const conditions = withTransitionTimes(desired.conditions, before.conditions ?? [], now);
  return buildMergePatch(before, { ...desired, conditions });
}

function buildReports(before: Record<string, AgentReport>, wish: StatusWish): Record<string, AgentReport> {
  const { replica, report, desired, replicas } = wish;
  const live = Object.entries(before).filter(([name]) => desired === undefined || replicas.has(name));
  return { ...Object.fromEntries(live), ...(report === undefined ? {} : { [replica]: report }) };
}
