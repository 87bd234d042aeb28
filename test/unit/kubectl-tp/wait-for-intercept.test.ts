// Waiting with what the user may see.

import test from 'ava';
import { PODS, type Resource } from '../../../control-plane/src/api/index.ts';
import { type KubernetesClient, KubernetesError } from '../../../control-plane/src/kubernetes/index.ts';
import type { LiveSession } from '../../../kubectl-tp/src/session/live-session.ts';
import { waitForIntercept } from '../../../kubectl-tp/src/session/wait-for-intercept.ts';
import { createBell } from '../../../kubectl-tp/src/waiting/bell.ts';

test('who may not see the pods is told so at once', async (t) => {
  const message = 'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "shop"';
  async function* watch(resource: Resource, { onTrouble }: { onTrouble?: (error: Error) => void }) {
    if (resource === PODS) onTrouble?.(new KubernetesError('KUBERNETES_REFUSED', message, { status: 403 }));
    yield* [];
  }
  const live = {
    bell: createBell(),
    table: { get: () => ({ metadata: { namespace: 'shop' } }) },
    agents: { probeAges: () => new Map() },
    tunnels: { status: () => [] },
  } as unknown as LiveSession;
  const waiting = waitForIntercept({
    live,
    client: { watch } as unknown as KubernetesClient,
    intercept: { namespace: 'shop', name: 'orders-1' },
    target: { selector: 'app=orders', hasPod: () => true },
    installNamespace: 'kubectl-tp',
    timeoutMs: 2000,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  await t.throwsAsync(waiting, { code: 'MISSING_RIGHT', message: 'User "ann" may not list pods in namespace shop.' });
});
