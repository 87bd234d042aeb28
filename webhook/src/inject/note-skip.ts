// Tells in the pod itself why it has no agent, where the control plane asked for one: it waits in vain then, and whoever
// describes the pod should not need the webhook's log.

import { AGENT_SKIPPED_ANNOTATION, ROLLOUT_ANNOTATION } from '@kubectl-tp/control-plane/api';
import { SKIP_REASONS, type SkipReason } from './eligibility.ts';
import type { Pod } from './pod.ts';

/** A rollout also takes agents away; a pod that nobody intercepts needs no note. */
const EXPECTED: readonly SkipReason[] = ['AlreadyInjected', 'NotTargeted'];

export function noteSkip(pod: Pod, reason: SkipReason): Pod {
  const { metadata } = pod;
  if (metadata.annotations?.[ROLLOUT_ANNOTATION] === undefined || EXPECTED.includes(reason)) return pod;
  const note = `${reason}: ${SKIP_REASONS[reason]}`;
  return {
    ...pod,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [AGENT_SKIPPED_ANNOTATION]: note } },
  };
}
