// The writes about Intercepts: which are made, when one counts as another, and what is asked before a deletion.

import test from 'ava';
import { INTERCEPTS, type Intercept, type InterceptStatus, SESSIONS } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import { buildInterceptWrites } from '../../../control-plane/src/report/intercept-writes.ts';
import { EMPTY_MEMORY, type EndingReason, type Translation } from '../../../control-plane/src/translator/index.ts';
import { buildState } from '../../fixtures/cluster-state.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { INSTALL, interceptObject, sessionObject } from '../../helpers/shop.ts';

const KEY = 'shop/orders-alice';
const NOTHING: Translation = {
  agents: new Map(),
  acknowledged: new Map(),
  awaited: new Set(),
  statuses: new Map(),
  rollouts: [],
  unused: [],
  endings: [],
  memory: EMPTY_MEMORY,
  nextChangeMs: undefined,
};

function stage({ intercept = interceptObject() as Intercept, isAway = false } = {}) {
  const api = createMemoryKubernetes();
  api.put(INTERCEPTS, intercept as KubernetesObject);
  api.isAway = isAway;
  const reporting = {
    client: api.client,
    replica: 'me',
    installNamespace: INSTALL,
    isLeader: true,
    now: () => 0,
    onTrouble: () => undefined,
  };
  const state = { ...buildState({}), intercepts: new Map([[KEY, intercept]]) };
  const writesFor = (rest: Partial<Translation>) => buildInterceptWrites(state, { ...NOTHING, ...rest }, reporting);
  const send = async (rest: Partial<Translation>) => {
    for (const write of writesFor(rest)) await write.send(new AbortController().signal);
  };
  return { api, writesFor, send };
}

const ending = (reason: EndingReason) => ({ endings: [{ intercept: KEY, uid: 'uid-orders-alice', reason }] });

test('an intercept whose session only the watch misses stays', async (t) => {
  const { api, send } = stage();
  api.put(SESSIONS, sessionObject());
  await send(ending('SessionGone'));
  t.deepEqual(api.names(INTERCEPTS), ['orders-alice']);
});

test('an intercept whose session has really gone ends', async (t) => {
  const { api, send } = stage();
  await send(ending('SessionGone'));
  t.deepEqual(api.names(INTERCEPTS), []);
});

test('an intercept whose time is over ends, whatever its session does', async (t) => {
  const { api, send } = stage();
  api.put(SESSIONS, sessionObject());
  await send(ending('Expired'));
  t.deepEqual(api.names(INTERCEPTS), []);
});

test('no answer about the session is not the answer that it has gone', async (t) => {
  const { api, send } = stage({ isAway: true });
  await t.throwsAsync(send(ending('SessionGone')), { code: 'KUBERNETES_UNREACHABLE' });
  t.deepEqual(api.names(INTERCEPTS), ['orders-alice']);
});

test('the same status is another write once the object it starts from is another', async (t) => {
  const desired = { conditions: [], agents: { ready: 0, total: 1 }, appPort: 8080 };
  const statuses = new Map([[KEY, desired]]);
  const writesFrom = (resourceVersion: string, status: InterceptStatus) => {
    const { metadata, ...rest } = interceptObject() as Intercept;
    const { writesFor } = stage({ intercept: { ...rest, metadata: { ...metadata, resourceVersion }, status } });
    return writesFor({ statuses });
  };
  const [whole] = writesFrom('1', {});
  const [again] = writesFrom('1', {});
  const [restored] = writesFrom('2', { agents: { ready: 0, total: 1 } });
  t.is(whole?.fingerprint, again?.fingerprint);
  t.not(whole?.fingerprint, restored?.fingerprint);
});
