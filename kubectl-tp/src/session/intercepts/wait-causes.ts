// What keeps an intercept from working, in words for people, with the next command to type and how long to bear it. Pure.

import { RELAY_SERVICE } from '@kubectl-tp/control-plane/api';
import { TpError } from '../../errors.ts';
import { seePods } from '../../kubernetes/see-pods.ts';
import type { Cause } from '../../kubernetes/why-not-ready.ts';

export function silentControlPlane(installNamespace: string): Cause {
  return {
    code: 'INSTALL_NOT_READY',
    message: 'The control plane does not look at the intercept.',
    hint: seePods(installNamespace, 'control-plane'),
    graceMs: 15_000,
  };
}

/** The control plane's own sentence names the command that resumes it. */
export function workloadPaused(message: string): Cause {
  return { code: 'WORKLOAD_PAUSED', message, hint: '', graceMs: 0 };
}

export function agentRejected(message: string): Cause {
  return { code: 'AGENT_REJECTED', message, hint: 'This is a defect: report it.', graceMs: 2000 };
}

/** Nothing is being rolled and pods have no agent: none will come. */
export function notInjected(message: string, installNamespace: string): Cause {
  return { code: 'NOT_INJECTED', message, hint: seePods(installNamespace, 'webhook'), graceMs: 10_000 };
}

/** Pods that exist may be starting. */
export function noReadyPods(message: string, { namespace, pods }: { namespace: string; pods: number }): Cause {
  return pods === 0
    ? {
        code: 'NO_READY_PODS',
        message,
        hint: `Start some: kubectl scale --replicas=1 -n ${namespace} ...`,
        graceMs: 3000,
      }
    : { code: 'NO_READY_PODS', message, hint: `See why: kubectl -n ${namespace} get pods`, graceMs: 30_000 };
}

/** A rollout has taken the last pod away and brings none. */
export function noNewPods(message: string, namespace: string): Cause {
  return { code: 'NO_READY_PODS', message, hint: `See why: kubectl -n ${namespace} get events`, graceMs: 60_000 };
}

export function tunnelDown(trouble: string, installNamespace: string): Cause {
  return {
    code: 'TUNNEL_DOWN',
    message: `This laptop reaches no relay: ${trouble}`,
    hint: seePods(installNamespace, 'relay'),
    graceMs: 5000,
  };
}

export function probeMissing(pods: readonly string[], installNamespace: string): Cause {
  return {
    code: 'PROBE_MISSING',
    message: `The agents of these pods do not reach this laptop: ${pods.toSorted().join(', ')}.`,
    hint: `A NetworkPolicy may keep them from Service ${RELAY_SERVICE} in ${installNamespace}: kubectl get networkpolicies -A`,
    graceMs: 20_000,
  };
}

export function ended(): TpError {
  return new TpError('INTERCEPT_ENDED', 'The intercept was deleted by somebody else before it was ready.', {
    hint: 'See what happened: kubectl get events',
  });
}
