// What the agent asks of its node.

import { type Container, type Pod, servingContainers } from './pod.ts';
import type { Resources } from './settings.ts';

/**
 * A pod whose containers all get exactly what they ask for is of the class Guaranteed: evicted last, perhaps with CPUs
 * of its own. The agent must not cost it that, so there its requests are its limits.
 */
export function buildAgentResources(pod: Pod, resources: Resources): Resources {
  const { limits } = resources;
  return isGuaranteed(pod) && limits?.cpu !== undefined && limits.memory !== undefined
    ? { requests: limits, limits }
    : resources;
}

function isGuaranteed(pod: Pod): boolean {
  return [...servingContainers(pod), ...(pod.spec.initContainers ?? [])].every(hasEqualRequests);
}

function hasEqualRequests({ resources = {} }: Container): boolean {
  const { limits = {}, requests = {} } = resources;
  return ['cpu', 'memory'].every(
    (kind) => limits[kind] !== undefined && (requests[kind] ?? limits[kind]) === limits[kind],
  );
}
