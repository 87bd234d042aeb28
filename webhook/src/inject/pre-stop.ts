// When a pod ends, its agent asks callers to move before the application closes. For that the application must serve a
// little longer than Kubernetes would let it.

import type { CapturedPort } from '@kubectl-tp/control-plane/api';
import { mapServingContainers, type Pod } from './pod.ts';

const DEFAULT_GRACE_SECONDS = 30;
/** What must be left to the application of its own grace period; one that is shorter was chosen with care. */
const MIN_REST_SECONDS = 3;

/** Containers that own a captured port sleep before SIGTERM, but for those that have a preStop of their own. */
export function addPreStop(pod: Pod, ports: readonly CapturedPort[], seconds: number): Pod {
  const grace = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  if (seconds === 0 || grace < seconds + MIN_REST_SECONDS) return pod;
  const owners = new Set(ports.map(({ container }) => container));
  return mapServingContainers(pod, (container) => {
    if (!owners.has(container.name) || container.lifecycle?.preStop !== undefined) return container;
    return { ...container, lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds } } } };
  });
}
