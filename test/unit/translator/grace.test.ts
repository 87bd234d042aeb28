// Who still counts as holding an intercept when nobody says so at the moment.

import test from 'ava';
import type { AgentState, ClusterState } from '../../../control-plane/src/state/cluster-state.ts';
import { HOLD_GRACE_MS } from '../../../control-plane/src/translator/grace.ts';
import { type Translation, translate } from '../../../control-plane/src/translator/index.ts';
import { buildState, type InterceptWords, type StateWords } from '../../fixtures/cluster-state.ts';
import { acknowledgeAll, CONTEXT } from '../../fixtures/translation.ts';

const NODE = 'team-a/orders-1';
const KEY = 'team-a/orders-me';
const ENDED_MS = CONTEXT.nowMs + 3_600_000;
const INTERCEPT: InterceptWords = { name: 'orders-me', target: 'service/orders', headers: { 'x-dev': 'me' } };
const INTERCEPTED: StateWords = {
  services: [{ name: 'orders' }],
  workloads: [{ name: 'orders' }],
  pods: [{ name: 'orders-1', agent: 'Name' }],
  intercepts: [INTERCEPT],
};
const NEWLY_CONNECTED: AgentState = { acknowledged: undefined, rejection: undefined };

/** Long after the agent has acknowledged the state changes: what is said at once, and when the grace is over. */
function follow(before: ClusterState, after: ClusterState) {
  const settled = translate(before, CONTEXT);
  const atOnce = translate(after, { ...CONTEXT, nowMs: ENDED_MS, memory: settled.memory });
  const later = translate(after, { ...CONTEXT, nowMs: ENDED_MS + HOLD_GRACE_MS, memory: atOnce.memory });
  return { atOnce, later, reasons: [settled, atOnce, later].map(programmed) };
}

function programmed({ statuses }: Translation): string | undefined {
  return statuses.get(KEY)?.conditions.find(({ type }) => type === 'Programmed')?.reason;
}

const held = () => acknowledgeAll(buildState(INTERCEPTED));

for (const [what, agents] of [
  ['whose stream has ended', new Map()],
  ['that has connected anew and not acknowledged yet', new Map([[NODE, NEWLY_CONNECTED]])],
] as const) {
  test(`an agent ${what} counts for ten seconds more`, (t) => {
    const { atOnce, later, reasons } = follow(held(), { ...held(), agents });
    t.deepEqual(reasons, ['Programmed', 'Programmed', 'WaitingForAgents']);
    t.deepEqual(atOnce.statuses.get(KEY)?.agents, { ready: 1, total: 1 });
    t.is(atOnce.nextChangeMs, ENDED_MS + HOLD_GRACE_MS);
    t.is(later.memory.heldUntilMs.size, 0);
  });
}

test('agents of a control plane pod that ends have the same time to come to another one', (t) => {
  const reports = { 'tp-control-plane-2': { generation: 1, pods: ['orders-1'] } };
  const state = buildState({ ...INTERCEPTED, intercepts: [{ ...INTERCEPT, reports }] });
  const { reasons } = follow(state, { ...state, replicas: new Set(['tp-control-plane-1']) });
  t.deepEqual(reasons, ['Programmed', 'Programmed', 'WaitingForAgents']);
});

test('an agent that comes back in time keeps counting, and has the whole grace again', (t) => {
  const { atOnce } = follow(held(), { ...held(), agents: new Map() });
  const returned = translate(held(), { ...CONTEXT, nowMs: ENDED_MS + 1000, memory: atOnce.memory });
  t.is(programmed(returned), 'Programmed');
  t.deepEqual([...returned.memory.heldUntilMs.values()], [Number.POSITIVE_INFINITY]);
});

const noGrace = test.macro((t, change: (state: ClusterState) => ClusterState, reason: string) => {
  const { atOnce } = follow(held(), change({ ...held(), agents: new Map() }));
  t.is(programmed(atOnce), reason);
  t.deepEqual(atOnce.statuses.get(KEY)?.agents, { ready: 0, total: 1 });
});

test('no grace: the agent refuses it', noGrace, withAgent({ ...NEWLY_CONNECTED, rejection: 'no' }), 'Rejected');
test('no grace: an earlier object of that name', noGrace, withIntercept({ uid: 'other' }), 'WaitingForAgents');
test('no grace: an earlier generation', noGrace, withIntercept({ generation: 2 }), 'WaitingForAgents');
test('no grace: an earlier pod of that name', noGrace, withPodUid('other'), 'WaitingForAgents');

test('an intercept that is made anew has nothing of what the earlier one of its name was', (t) => {
  const { memory } = translate(held(), CONTEXT);
  const behind = new Map([[NODE, { acknowledged: 'something older', rejection: undefined }]]);
  const after = withIntercept({ uid: 'other' })({ ...held(), agents: behind });
  t.is(programmed(translate(after, { ...CONTEXT, memory })), 'WaitingForAgents');
});

function withAgent(agent: AgentState): (state: ClusterState) => ClusterState {
  return (state) => ({ ...state, agents: new Map([[NODE, agent]]) });
}

function withIntercept(metadata: { uid?: string; generation?: number }): (state: ClusterState) => ClusterState {
  return (state) => {
    const changed = [...state.intercepts].map(
      ([key, object]) => [key, { ...object, metadata: { ...object.metadata, ...metadata } }] as const,
    );
    return { ...state, intercepts: new Map(changed) };
  };
}

function withPodUid(uid: string): (state: ClusterState) => ClusterState {
  return (state) => ({ ...state, pods: new Map([...state.pods].map(([key, pod]) => [key, { ...pod, uid }])) });
}
