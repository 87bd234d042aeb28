// What is held back while agents take an intercept over, and for how long.

import test from 'ava';
import type { Intercept, InterceptStatus } from '../../../control-plane/src/api/index.ts';
import { createSettling } from '../../../control-plane/src/report/settling.ts';
import type { ClusterState } from '../../../control-plane/src/state/cluster-state.ts';
import type { Translation } from '../../../control-plane/src/translator/index.ts';
import { interceptObject } from '../../helpers/shop.ts';

const KEY = 'shop/orders-1';
const REPORT = { generation: 1, pods: ['p'] };

type Wish = { reason?: string; awaited?: boolean; generation?: number; status?: InterceptStatus };

function hold(settling: ReturnType<typeof createSettling>, nowMs: number, wish: Wish = {}) {
  const { reason = 'WaitingForAgents', awaited = true, generation = 1, status = {} } = wish;
  const { metadata, ...rest } = interceptObject() as Intercept;
  const intercept = { ...rest, metadata: { ...metadata, uid: 'u', generation }, status };
  const conditions = [{ type: 'Programmed', status: 'False', reason, message: 'm' }];
  const translation = {
    statuses: new Map([[KEY, { conditions }]]),
    acknowledged: new Map([[KEY, REPORT]]),
    awaited: new Set(awaited ? [KEY] : []),
  } as unknown as Translation;
  const state = { intercepts: new Map([[KEY, intercept]]) } as unknown as ClusterState;
  const { translation: after, nextMs } = settling.hold(state, translation, nowMs);
  return { status: after.statuses.has(KEY), report: after.acknowledged.has(KEY), nextMs };
}

test('nothing is said of a new intercept until the agents have answered, or time is up', (t) => {
  const settling = createSettling();
  t.deepEqual(hold(settling, 1000), { status: false, report: false, nextMs: 1250 });
  t.deepEqual(hold(settling, 1100), { status: false, report: false, nextMs: 1250 });
  t.deepEqual(hold(settling, 1250), { status: true, report: true, nextMs: Infinity });
  t.deepEqual(hold(settling, 1300), { status: true, report: true, nextMs: Infinity }, 'it does not begin again');
});

test('a complete report goes out before the leader speaks', (t) => {
  t.deepEqual(hold(createSettling(), 1000, { awaited: false }), { status: false, report: true, nextMs: 1250 });
});

const said = test.macro((t, wish: Wish) => {
  t.deepEqual(hold(createSettling(), 1000, wish), { status: true, report: true, nextMs: Infinity });
});
test('at once: what keeps agents from it', said, { reason: 'RollingOut' });
test('at once: that it works', said, { reason: 'Programmed' });
test('at once: a change of what was said before', said, { status: { observedGeneration: 1 } });

test('a new generation settles anew', (t) => {
  const settling = createSettling();
  t.is(hold(settling, 1000).nextMs, 1250);
  t.deepEqual(hold(settling, 2000, { generation: 2, status: { observedGeneration: 1 } }).nextMs, 2250);
});
