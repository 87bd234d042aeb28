// Pods and events -> the sentence that tells why pods do not become ready. Pure.

import { workloadOfPod } from '@kubectl-tp/control-plane/api';
import type { ErrorCode } from '../errors.ts';
import { type ContainerStatus, type Event, isReady, isTerminating, type Pod } from './objects.ts';

export type Cause = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** A state that lasts longer than this does not cure itself. Kubernetes passes through some of them for a moment. */
  readonly graceMs: number;
};

export type PodsView = {
  readonly namespace: string;
  readonly pods: readonly Pod[];
  /** Warnings of the namespace. */
  readonly events: readonly Event[];
  /** Only pods and events that are not older count; by the API server's clock. */
  readonly sinceMs: number;
};

export function findCause(view: PodsView): Cause | undefined {
  const suspects = view.pods.filter((pod) => !isReady(pod) && !isTerminating(pod) && createdMs(pod) >= view.sinceMs);
  for (const pod of suspects) {
    const cause = podCause(view.namespace, pod);
    if (cause !== undefined) return cause;
  }
  return refusedPods(view);
}

/** The next attempt may go well: a Secret, a registry, a neighbour was a moment late. */
const ATTEMPT_GRACE_MS = 3000;
/** The kubelet has given up, for good or for ten seconds and more: nothing that comes soon says more. */
const SETTLED_GRACE_MS = 1000;
/** Several attempts, which follow each other at once or after seconds. */
const START_GRACE_MS = 5000;
/** An autoscaler may add a node; that takes longer than anybody waits silently. */
const UNSCHEDULABLE_GRACE_MS = 20_000;
/** With a surge of zero, the end of an old pod may make room under a quota. */
const REFUSED_GRACE_MS = 5000;

/** What `waiting.reason` of a container means. */
const WAITING: Readonly<Record<string, Trouble>> = {
  ErrImagePull: { code: 'IMAGE_PULL', what: "its image can't be pulled", graceMs: ATTEMPT_GRACE_MS },
  ImagePullBackOff: { code: 'IMAGE_PULL', what: "its image can't be pulled", graceMs: SETTLED_GRACE_MS },
  ErrImageNeverPull: {
    code: 'IMAGE_PULL',
    what: 'its image is not on the node and must not be pulled',
    graceMs: SETTLED_GRACE_MS,
  },
  InvalidImageName: { code: 'IMAGE_PULL', what: 'the name of its image is invalid', graceMs: 0 },
  CreateContainerConfigError: {
    code: 'POD_FAILING',
    what: 'its configuration is incomplete',
    graceMs: ATTEMPT_GRACE_MS,
  },
  CreateContainerError: { code: 'POD_FAILING', what: "it can't be created", graceMs: START_GRACE_MS },
  RunContainerError: { code: 'POD_FAILING', what: "it can't be started", graceMs: START_GRACE_MS },
  CrashLoopBackOff: { code: 'POD_FAILING', what: 'it ends again and again', graceMs: START_GRACE_MS },
};

function podCause(namespace: string, pod: Pod): Cause | undefined {
  const { name } = pod.metadata;
  const hint = `Look closer: kubectl -n ${namespace} describe pod ${name}`;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const status of statuses) {
    const trouble = containerTrouble(status);
    if (trouble === undefined) continue;
    const { code, what, graceMs } = trouble;
    return { code, message: `Container ${status.name} of pod ${name} does not run: ${what}.`, hint, graceMs };
  }
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled?.reason !== 'Unschedulable') return undefined;
  const message = `No node takes pod ${name}: ${unscheduled.message ?? 'unschedulable'}`;
  return { code: 'POD_FAILING', message, hint, graceMs: UNSCHEDULABLE_GRACE_MS };
}

type Trouble = { readonly code: ErrorCode; readonly what: string; readonly graceMs: number };

function containerTrouble(status: ContainerStatus): Trouble | undefined {
  // Between its attempts a failing container is running, ended or waiting; that it fails again and again is the same.
  if ((status.restartCount ?? 0) >= 2 && status.ready !== true) return restarts(status);
  const { reason = '', message = '' } = status.state?.waiting ?? {};
  const known = WAITING[reason];
  return known && { ...known, what: `${known.what} (${reason}${message === '' ? '' : `: ${message}`})` };
}

function restarts({ state, lastState }: ContainerStatus): Trouble | undefined {
  const { exitCode, reason, message } = state?.terminated ?? lastState?.terminated ?? {};
  if (exitCode === undefined || exitCode === 0) return undefined;
  const words = [`exit code ${exitCode}`, reason === 'Error' ? undefined : reason, message].filter((word) => word);
  return { code: 'POD_FAILING', what: `it ends again and again (${words.join(', ')})`, graceMs: ATTEMPT_GRACE_MS };
}

/** The controller of a ReplicaSet, StatefulSet or DaemonSet says in an event that the API server refuses its pods. */
function refusedPods({ namespace, pods, events, sinceMs }: PodsView): Cause | undefined {
  // `orders` for a pod of ReplicaSet `orders-5d9f`: the next ReplicaSet has another hash.
  const owners = new Set(pods.map(({ metadata }) => workloadOfPod(metadata)?.name));
  const refused = events
    .filter(({ reason, involvedObject }) => reason === 'FailedCreate' && isOwnedBy(involvedObject.name, owners))
    .filter((event) => eventMs(event) >= sinceMs)
    .toSorted((a, b) => eventMs(b) - eventMs(a))[0];
  if (refused === undefined) return undefined;
  const { kind = 'Workload', name = '' } = refused.involvedObject;
  return {
    code: 'POD_REFUSED',
    message: `${kind} ${name} can't create pods: ${refused.message ?? 'no reason given'}`,
    hint: `Look closer: kubectl -n ${namespace} get events --field-selector reason=FailedCreate`,
    graceMs: REFUSED_GRACE_MS,
  };
}

function isOwnedBy(name: string | undefined, owners: ReadonlySet<string | undefined>): boolean {
  if (name === undefined) return false;
  return owners.has(name) || owners.has(name.replace(/-[^-]+$/, ''));
}

function createdMs({ metadata }: Pod): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

function eventMs({ lastTimestamp, eventTime, series, metadata }: Event): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}
