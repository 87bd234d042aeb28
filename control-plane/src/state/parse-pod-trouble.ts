// Why a pod isn't getting ready, as far as its status tells: the sentence that people see while they wait.

import type { RawCondition } from './parse-pod.ts';

export type RawContainerStatus = {
  name: string;
  ready?: boolean;
  state?: {
    waiting?: { reason?: string; message?: string };
    terminated?: { reason?: string; message?: string; exitCode: number };
  };
};

type RawStatus = {
  conditions?: RawCondition[];
  containerStatuses?: RawContainerStatus[];
  initContainerStatuses?: RawContainerStatus[];
};

/** Waiting for these is ordinary life of a starting pod. */
const ORDINARY_WAITS = new Set(['ContainerCreating', 'PodInitializing']);

export function parsePodTrouble(status: RawStatus | undefined): string | undefined {
  const unscheduled = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined) return sentence(unscheduled.reason ?? 'Unscheduled', unscheduled.message);
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const trouble = waitTrouble(state?.waiting) ?? exitTrouble(state?.terminated);
    if (trouble !== undefined) return `container ${name}: ${trouble}`;
  }
  return undefined;
}

function waitTrouble(waiting: { reason?: string; message?: string } | undefined): string | undefined {
  if (waiting?.reason === undefined || ORDINARY_WAITS.has(waiting.reason)) return undefined;
  return sentence(waiting.reason, waiting.message);
}

function exitTrouble(
  terminated: { reason?: string; message?: string; exitCode: number } | undefined,
): string | undefined {
  if (terminated === undefined || terminated.exitCode === 0) return undefined;
  return sentence(terminated.reason ?? 'Error', terminated.message ?? `exit code ${terminated.exitCode}`);
}

function sentence(reason: string, message: string | undefined): string {
  return message === undefined || message === '' ? reason : `${reason}: ${message}`;
}
