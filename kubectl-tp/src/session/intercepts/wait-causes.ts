// What keeps an intercept from working, in words for people, with the next command to type and how long to bear it. Pure.

import { RELAY_SERVICE } from '@kubectl-tp/control-plane/api';
import { TpError } from '../../errors.ts';
import { seePods } from '../../kubernetes/see-pods.ts';
import type { Cause } from '../../kubernetes/why-not-ready.ts';

/** What one process says may be outdated already: each sees a change in a moment of its own. */
export const OUTDATED_GRACE_MS = 3000;
/** Only the leader writes conditions; the Lease of one that has died runs out after so long. */
const LEADER_GRACE_MS = 15_000;
/** Nothing of ours replaces pods without an agent any more; their owner or a controller may be about to. */
const INJECTION_GRACE_MS = 10_000;
/** Applications start within it, or their pods say why not. */
const START_GRACE_MS = 30_000;
/** With a surge of zero the old pod ends first, by default within 30 s; then the next one is made. */
const ROLLOUT_GRACE_MS = 60_000;
/** The first dial and some more. The wait is over the moment that one succeeds. */
const DIAL_GRACE_MS = 5000;
/** An agent gives up an attempt to connect after 10 s; the next one has as long. */
const PROBE_GRACE_MS = 20_000;

export function silentControlPlane(installNamespace: string): Cause {
  return {
    code: 'INSTALL_NOT_READY',
    message: 'The control plane does not look at the intercept.',
    hint: seePods(installNamespace, 'control-plane'),
    graceMs: LEADER_GRACE_MS,
  };
}

/** The control plane's own sentence names the command that resumes it. */
export function workloadPaused(message: string): Cause {
  return { code: 'WORKLOAD_PAUSED', message, hint: '', graceMs: 0 };
}

export function agentRejected(message: string): Cause {
  return { code: 'AGENT_REJECTED', message, hint: 'This is a defect: report it.', graceMs: OUTDATED_GRACE_MS };
}

/** Nothing is being rolled and pods have no agent: none will come. */
export function notInjected(message: string, installNamespace: string): Cause {
  return { code: 'NOT_INJECTED', message, hint: seePods(installNamespace, 'webhook'), graceMs: INJECTION_GRACE_MS };
}

/** Pods that exist may be starting. */
export function noReadyPods(message: string, { namespace, pods }: { namespace: string; pods: number }): Cause {
  return pods === 0
    ? {
        code: 'NO_READY_PODS',
        message,
        hint: `Start some: kubectl scale --replicas=1 -n ${namespace} ...`,
        graceMs: OUTDATED_GRACE_MS,
      }
    : { code: 'NO_READY_PODS', message, hint: `See why: kubectl -n ${namespace} get pods`, graceMs: START_GRACE_MS };
}

/** A rollout has taken the last pod away and brings none. */
export function noNewPods(message: string, namespace: string): Cause {
  return {
    code: 'NO_READY_PODS',
    message,
    hint: `See why: kubectl -n ${namespace} get events`,
    graceMs: ROLLOUT_GRACE_MS,
  };
}

export function tunnelDown(trouble: string, installNamespace: string): Cause {
  return {
    code: 'TUNNEL_DOWN',
    message: `This laptop reaches no relay: ${trouble}`,
    hint: seePods(installNamespace, 'relay'),
    graceMs: DIAL_GRACE_MS,
  };
}

export function probeMissing(pods: readonly string[], installNamespace: string): Cause {
  return {
    code: 'PROBE_MISSING',
    message: `The agents of these pods do not reach this laptop: ${pods.toSorted().join(', ')}.`,
    hint: `A NetworkPolicy may keep them from Service ${RELAY_SERVICE} in ${installNamespace}: kubectl get networkpolicies -A`,
    graceMs: PROBE_GRACE_MS,
  };
}

export function ended(): TpError {
  return new TpError(
    'INTERCEPT_ENDED',
    'The intercept has ended before it was ready: by kubectl tp leave or quit, or by somebody who deleted it.',
    {
      hint: 'Run the command again.',
    },
  );
}
