// Waits until an intercept works from every agent to this laptop, and stops with the cause as soon as it can't.

import { EVENTS, PODS } from '@kubectl-tp/control-plane/api';
import { isForbidden, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../../errors.ts';
import type { InterceptName } from '../../ipc/intercept-messages.ts';
import { followObjects } from '../../kubernetes/follow.ts';
import type { Event, Pod } from '../../kubernetes/objects.ts';
import { listSelected, type Target } from '../../kubernetes/target.ts';
import { apiErrorOf, fromKubernetesError } from '../../kubernetes/translate-error.ts';
import { waitUntil } from '../../waiting/wait-until.ts';
import type { LiveSession } from '../live-session.ts';
import { tunnelTrouble } from '../tunnel-trouble.ts';
import { PROBE_FRESH_MS } from './agent-book.ts';
import { judgeWait } from './judge-wait.ts';

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

/** Agents that are there take an intercept over sooner, and nobody then asks what keeps it. */
const WORTH_A_WATCH_MS = 300;

type Watched = {
  readonly pods: () => readonly Pod[] | undefined;
  readonly events: () => readonly Event[] | undefined;
};

/** Resolves with the target's pods. */
export async function waitForIntercept(options: Options): Promise<readonly Pod[]> {
  const { live, client, intercept, target, installNamespace, timeoutMs, progress } = options;
  const watches = new AbortController();
  const signal = AbortSignal.any([options.signal, watches.signal]);
  const { namespace } = intercept;
  let refusal: unknown;
  const onTrouble = (error: unknown) => {
    const apiError = apiErrorOf(error);
    if (!isForbidden(apiError)) return;
    refusal = fromKubernetesError(apiError, installNamespace);
    live.bell.ring();
  };
  let listed: readonly Pod[] | undefined;
  // After the object is there: a pod that becomes ready later has the intercept before.
  listSelected(client, { namespace, selector: target.selector }, signal).then((pods) => {
    listed = pods;
    live.bell.ring();
  }, onTrouble);
  let watched: Watched | undefined;
  const watch = () => {
    const where = { namespace, signal, onChange: live.bell.ring };
    watched = {
      pods: followObjects<Pod>(client, PODS, { ...where, labelSelector: target.selector, onTrouble }),
      events: followObjects<Event>(client, EVENTS, { ...where, fieldSelector: 'type=Warning' }),
    };
  };
  const timer = setTimeout(watch, WORTH_A_WATCH_MS);
  const pods = () => (watched?.pods() ?? listed)?.filter(target.hasPod);
  const look = () => {
    // Who may not see the pods would never hear that they are reached.
    if (refusal !== undefined) throw refusal;
    return judgeWait({
      intercept: live.table.get(intercept.namespace, intercept.name),
      pods: pods(),
      events: watched?.events() ?? [],
      probed: freshProbes(live, intercept),
      tunnelTrouble: tunnelTrouble(live.tunnels.status()),
      installNamespace,
    });
  };
  const timedOut = (said: string) => notReady(intercept, said, timeoutMs);
  try {
    await waitUntil({ look, bell: live.bell, timeoutMs, timedOut, signal: options.signal, progress });
    return pods() ?? [];
  } finally {
    clearTimeout(timer);
    watches.abort();
  }
}

function freshProbes({ agents }: LiveSession, intercept: InterceptName): Set<string> {
  const ages = agents.probeAges(intercept, Date.now());
  return new Set([...ages].filter(([, ageMs]) => ageMs <= PROBE_FRESH_MS).map(([pod]) => pod));
}

/** Events of the intercept stay when it is deleted, as it is where this wait was for a new one. */
function notReady({ namespace, name }: InterceptName, said: string, timeoutMs: number): TpError {
  return new TpError('WAIT_TIMEOUT', `The intercept was not ready after ${Math.round(timeoutMs / 1000)} s: ${said}`, {
    hint: `Wait longer with --timeout 10m, or look: kubectl -n ${namespace} get events --field-selector involvedObject.name=${name}; kubectl -n ${namespace} get pods`,
  });
}
