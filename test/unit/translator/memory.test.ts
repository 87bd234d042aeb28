// What one translation hands to the next: how long a port reads HTTP, and who held an intercept already.

import test from 'ava';
import type { ClusterState } from '../../../control-plane/src/state/cluster-state.ts';
import { HTTP_LINGER_MS } from '../../../control-plane/src/translator/agents.ts';
import { EMPTY_MEMORY, type Translation, translate } from '../../../control-plane/src/translator/index.ts';
import { buildState, type StateWords } from '../../fixtures/cluster-state.ts';
import { acknowledgeAll, CONTEXT } from '../../fixtures/translation.ts';

const NODE = 'team-a/orders-1';
const KEY = 'team-a/orders-me';
const START_MS = CONTEXT.nowMs;
const MINUTE_MS = 60_000;

const IDLE: StateWords = {
  services: [{ name: 'orders' }],
  workloads: [{ name: 'orders', inject: 'enabled' }],
  pods: [{ name: 'orders-1', agent: 'Name' }],
};
const INTERCEPTED: StateWords = {
  ...IDLE,
  intercepts: [{ name: 'orders-me', target: 'service/orders', headers: { 'x-dev': 'me' } }],
};

test('a port reads HTTP from the first intercept until ten minutes after the last', (t) => {
  const steps: [atMinutes: number, words: StateWords, mode: 'tcp' | 'http'][] = [
    [0, IDLE, 'tcp'],
    [1, INTERCEPTED, 'http'],
    [300, IDLE, 'http'],
    [309, IDLE, 'http'],
    [310, IDLE, 'tcp'],
    [312, INTERCEPTED, 'http'],
  ];
  let memory = EMPTY_MEMORY;
  for (const [atMinutes, words, mode] of steps) {
    const translation = translate(buildState(words), { ...CONTEXT, nowMs: START_MS + atMinutes * MINUTE_MS, memory });
    t.is(translation.agents.get(NODE)?.ports[0]?.mode, mode, `minute ${atMinutes}`);
    memory = translation.memory;
    t.is(memory.httpUntilMs.has(`${NODE}:8080`), mode === 'http');
  }
});

test('the end of the lingering is announced, the running intercept is not', (t) => {
  const running = translate(buildState(INTERCEPTED), CONTEXT);
  t.is(running.nextChangeMs, undefined);
  const ended = translate(buildState(IDLE), { ...CONTEXT, memory: running.memory });
  t.is(ended.nextChangeMs, START_MS + HTTP_LINGER_MS);
});

test('ports of pods that are gone are forgotten', (t) => {
  const { memory } = translate(buildState(INTERCEPTED), CONTEXT);
  const next = translate(buildState({ ...INTERCEPTED, pods: [] }), { ...CONTEXT, memory });
  t.is(next.memory.httpUntilMs.size, 0);
});

test('a change nearby does not take back that an agent holds the intercept', (t) => {
  const state = acknowledgeAll(buildState(INTERCEPTED));
  const { memory } = translate(state, CONTEXT);
  const moved: ClusterState = {
    ...state,
    tunnels: new Map([['alice-1', [{ pod: 'tp-relay-2', address: '10.0.9.2', port: 8443 }]]]),
  };
  t.is(programmed(translate(moved, { ...CONTEXT, memory })), 'Programmed');
  t.is(programmed(translate(moved, CONTEXT)), 'WaitingForAgents');
});

test('an older generation that was acknowledged says nothing about this one', (t) => {
  const state = acknowledgeAll(buildState(INTERCEPTED));
  const acknowledged = new Map([['uid-orders-me', { generation: 0, pods: ['orders-1'] }]]);
  const older = { ...state, agents: new Map([[NODE, { acknowledged: 'older', rejection: undefined }]]) };
  const translation = translate(older, { ...CONTEXT, memory: { ...EMPTY_MEMORY, acknowledged } });
  t.is(programmed(translation), 'WaitingForAgents');
});

test('awaited are the agents of this process that have yet to answer', (t) => {
  const awaited = (agents: ClusterState['agents']) => [
    ...translate({ ...buildState(INTERCEPTED), agents }, CONTEXT).awaited,
  ];
  t.deepEqual(awaited(new Map()), [], 'it is connected to another process');
  t.deepEqual(awaited(new Map([[NODE, { acknowledged: undefined, rejection: undefined }]])), [KEY]);
  t.deepEqual(awaited(acknowledgeAll(buildState(INTERCEPTED)).agents), []);
  t.deepEqual(awaited(new Map([[NODE, { acknowledged: undefined, rejection: 'no' }]])), [], 'that is an answer');
});

function programmed({ statuses }: Translation): string | undefined {
  return statuses.get(KEY)?.conditions.find(({ type }) => type === 'Programmed')?.reason;
}
