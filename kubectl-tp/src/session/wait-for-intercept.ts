// Waits until an intercept works from every agent to this laptop, and stops with the cause as soon as it can't.

import { EVENTS, PODS } from '@kubectl-tp/control-plane/api';
import { isForbidden, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { followObjects } from '../kubernetes/follow.ts';
import type { Event, Pod } from '../kubernetes/objects.ts';
import type { Target } from '../kubernetes/target.ts';
import { fromKubernetesError } from '../kubernetes/translate-error.ts';
import { waitUntil } from '../waiting/wait-until.ts';
import { PROBE_FRESH_MS } from './agent-book.ts';
import type { InterceptName } from './api.ts';
import { judgeWait } from './judge-wait.ts';
import type { LiveSession } from './live-session.ts';

type Options = {
  readonly live: LiveSession;
  readonly client: KubernetesClient;
  readonly intercept: InterceptName;
  readonly target: Pick<Target, 'selector' | 'hasPod'>;
  readonly installNamespace: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

/** Resolves with the target's pods. */
export async function waitForIntercept(options: Options): Promise<readonly Pod[]> {
  const { live, client, intercept, target, installNamespace, timeoutMs, progress } = options;
  const watches = new AbortController();
  const signal = AbortSignal.any([options.signal, watches.signal]);
  const where = { namespace: intercept.namespace, signal, onChange: live.bell.ring };
  let refusal: unknown;
  const onTrouble = (error: Error) => {
    if (!isForbidden(error)) return;
    refusal = fromKubernetesError(error, installNamespace);
    live.bell.ring();
  };
  const selected = followObjects<Pod>(client, PODS, { ...where, labelSelector: target.selector, onTrouble });
  const pods = () => selected()?.filter(target.hasPod);
  const events = followObjects<Event>(client, EVENTS, { ...where, fieldSelector: 'type=Warning' });
  const look = () => {
    // Who may not see the pods would never hear that they are reached.
    if (refusal !== undefined) throw refusal;
    return judgeWait({
      intercept: live.table.get(intercept.namespace, intercept.name),
      pods: pods(),
      events: events() ?? [],
      probed: freshProbes(live, intercept),
      tunnelTrouble: tunnelTrouble(live),
      installNamespace,
    });
  };
  const timedOut = (said: string) => notReady(intercept, said, timeoutMs);
  try {
    await waitUntil({ look, bell: live.bell, timeoutMs, timedOut, signal: options.signal, progress });
    return pods() ?? [];
  } finally {
    watches.abort();
  }
}

function freshProbes({ agents }: LiveSession, intercept: InterceptName): Set<string> {
  const ages = agents.probeAges(intercept, Date.now());
  return new Set([...ages].filter(([, ageMs]) => ageMs <= PROBE_FRESH_MS).map(([pod]) => pod));
}

/** Why this laptop reaches no relay; undefined when it reaches one. */
function tunnelTrouble({ tunnels }: LiveSession): string | undefined {
  const relays = tunnels.status();
  if (relays.some(({ state }) => state.name === 'up')) return undefined;
  if (relays.length === 0) return 'no relay pod is ready';
  const reasons = relays.map(({ state }) => (state.name === 'waiting' ? state.error.message : 'connecting'));
  return [...new Set(reasons)].join('; ');
}

function notReady({ namespace, name }: InterceptName, said: string, timeoutMs: number): TpError {
  return new TpError('WAIT_TIMEOUT', `The intercept was not ready after ${Math.round(timeoutMs / 1000)} s: ${said}`, {
    hint: `Wait longer with --timeout 10m, or look: kubectl -n ${namespace} describe intercept ${name}`,
  });
}
