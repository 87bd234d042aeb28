// Waiting with what the user may see.

import test from 'ava';
import { PODS, type Resource } from '../../../control-plane/src/api/index.ts';
import { type KubernetesClient, KubernetesError } from '../../../control-plane/src/kubernetes/index.ts';
import type { TpError } from '../../../kubectl-tp/src/errors.ts';
import { fromKubernetesError } from '../../../kubectl-tp/src/kubernetes/translate-error.ts';
import { waitForIntercept } from '../../../kubectl-tp/src/session/intercepts/wait-for-intercept.ts';
import type { LiveSession } from '../../../kubectl-tp/src/session/live-session.ts';
import { createBell } from '../../../kubectl-tp/src/waiting/bell.ts';

const READY = { type: 'Ready', status: 'True' };
const FORBIDDEN = new KubernetesError(
  'KUBERNETES_REFUSED',
  'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "shop"',
  { status: 403 },
);
const POD = { metadata: { name: 'orders-a', namespace: 'shop' }, status: { conditions: [READY] } };

type Cluster = {
  timeoutMs?: number;
  list?: () => Promise<unknown>;
  watch?: (resource: Resource) => unknown;
  intercept?: object;
};

function wait({ timeoutMs = 2000, list = () => Promise.resolve([POD]), watch, intercept = {} }: Cluster) {
  const live = {
    bell: createBell(),
    table: {
      get: () => ({ metadata: { namespace: 'shop', generation: 1 }, spec: { action: 'Redirect' }, ...intercept }),
    },
    agents: { probeAges: () => new Map([['orders-a', 0]]) },
    tunnels: { status: () => [] },
  } as unknown as LiveSession;
  return waitForIntercept({
    live,
    client: { list, watch } as unknown as KubernetesClient,
    intercept: { namespace: 'shop', name: 'orders-1' },
    target: { selector: 'app=orders', hasPod: () => true },
    installNamespace: 'kubectl-tp',
    timeoutMs,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
}

test('who may not see the pods is told so at once', async (t) => {
  const waiting = wait({ list: () => Promise.reject(fromKubernetesError(FORBIDDEN, 'kubectl-tp')) });
  await t.throwsAsync(waiting, { code: 'MISSING_RIGHT', message: 'User "ann" may not list pods in namespace shop.' });
});

test('agents that have taken over cost one look at the pods', async (t) => {
  const intercept = { status: { reports: { 'tp-control-plane-1': { generation: 1, pods: ['orders-a'] } } } };
  t.deepEqual(await wait({ intercept }), [POD]);
});

test('a wait that lasts watches the pods', async (t) => {
  async function* watch(resource: Resource) {
    yield { type: 'listed', objects: resource === PODS ? [POD] : [], version: '1' };
  }
  const conditions = ['Accepted', 'Programmed', 'Ready'].map((type) => ({ type, status: 'True', reason: type }));
  const waiting = wait({
    list: () => Promise.reject(new Error('overloaded')),
    watch,
    intercept: { status: { conditions } },
  });
  t.deepEqual(await waiting, [POD]);
});

test('who waited too long is sent to what stays when the intercept is deleted', async (t) => {
  const error = await t.throwsAsync(wait({ timeoutMs: 0 }), { code: 'WAIT_TIMEOUT' });
  const { hint } = error as TpError;
  t.regex(hint ?? '', /kubectl -n shop get events --field-selector involvedObject\.name=orders-1; .* get pods$/);
});
