// By which agents a session's connections may leave: only by those that hold an exit of its own.

import { createSecretKey } from 'node:crypto';
import test from 'ava';
import { AGENT_EXIT_PORT, isExitPort } from '../../../control-plane/src/api/index.ts';
import { findAgents } from '../../../control-plane/src/reach/find-agents.ts';
import type { ClusterState } from '../../../control-plane/src/state/cluster-state.ts';
import { findGatePort } from '../../../control-plane/src/translator/exit-target.ts';
import { HOLD_GRACE_MS } from '../../../control-plane/src/translator/grace.ts';
import { type TranslationMemory, translate } from '../../../control-plane/src/translator/index.ts';
import { buildState, type InterceptWords, type StateWords } from '../../fixtures/cluster-state.ts';
import { CONTEXT as TRANSLATION } from '../../fixtures/translation.ts';

const PODS: NonNullable<StateWords['pods']> = [
  { name: 'web-1', ip: '10.0.0.1', agent: 'Name' },
  { name: 'web-2', ip: '10.0.0.2', agent: [], ports: [{ number: 15078 }] },
  { name: 'web-3', ip: '10.0.0.3', agent: 'Name', ready: false },
  { name: 'web-4', ip: '10.0.0.4', agent: 'Name', terminating: true },
  { name: 'web-5', ip: '10.0.0.5', agent: 'Name' },
];
const HOLDERS = ['web-1', 'web-2', 'web-3', 'web-4', 'web-9'];
const EXIT: InterceptWords = {
  name: 'web-out',
  target: 'deployment/web',
  action: 'Exit',
  reports: { 'tp-control-plane-1': { generation: 1, pods: HOLDERS } },
};
const QUESTION = { session: 'alice-1', namespace: 'team-a', name: 'web-out' };

const SESSIONS = [
  { name: 'alice-1', owner: 'alice' },
  { name: 'alice-2', owner: 'alice' },
  { name: 'bob-1', owner: 'bob' },
  { name: 'nobodys', owner: null },
];
const WORKLOADS = [{ name: 'web' }];
/** That of a control plane pod which serves none of these agents itself. */
const CONTEXT = { ...TRANSLATION, replica: 'tp-control-plane-3' };

function build(change: Partial<InterceptWords> = {}): ClusterState {
  return buildState({ intercepts: [{ ...EXIT, ...change }], pods: PODS, sessions: SESSIONS, workloads: WORKLOADS });
}

function ask(change: Partial<InterceptWords> = {}, question: Partial<typeof QUESTION> = {}) {
  const state = build(change);
  return findWithoutSecrets(state, translate(state, CONTEXT).memory, { ...QUESTION, ...question });
}

function findWithoutSecrets(state: ClusterState, memory: TranslationMemory, question = QUESTION): unknown {
  const answer = findAgents(state, { ...CONTEXT, ...memory }, question);
  return answer.found ? { ...answer, agents: answer.agents.map(({ secret: _, ...agent }) => agent) } : answer;
}

const AGENTS = [
  { pod: 'web-1', address: '10.0.0.1', port: 15078 },
  { pod: 'web-2', address: '10.0.0.2', port: 15077 },
];

test('those of ready pods that hold it', (t) => {
  t.deepEqual(ask(), { found: true, agents: AGENTS });
});

test('what a relay is told opens the gate of that pod for that exit, and nothing else', (t) => {
  const intercepts = ['alice-1', 'bob-1'].map((session) => {
    return { ...EXIT, name: `out-${session}`, session, owner: session.split('-')[0] ?? '' };
  });
  const state = buildState({ intercepts, pods: PODS, sessions: SESSIONS, workloads: WORKLOADS });
  const { agents, memory } = translate(state, CONTEXT);
  const told = intercepts.flatMap(({ name, session }) => {
    const answer = findAgents(state, { ...CONTEXT, ...memory }, { session, namespace: 'team-a', name });
    if (!answer.found) return [];
    return answer.agents.map(({ pod, secret }) => {
      const exits = agents.get(`team-a/${pod}`)?.gate?.exits ?? [];
      t.is(exits.find(({ id }) => id === `team-a/${name}`)?.secret, secret);
      return secret;
    });
  });
  t.is(told.length, 4);
  t.is(new Set(told).size, 4);

  const anew = buildState({ intercepts, pods: PODS, sessions: SESSIONS, workloads: WORKLOADS });
  t.deepEqual(translate(anew, { ...CONTEXT, replica: 'another' }).agents, agents, 'every replica tells the same');
  const other = translate(state, { ...CONTEXT, gateKey: createSecretKey(Buffer.alloc(32, 'o')) });
  const secrets = [...other.agents.values()].flatMap(({ gate }) => (gate?.exits ?? []).map(({ secret }) => secret));
  t.true(secrets.length >= 4);
  t.false(
    secrets.some((secret) => told.includes(secret)),
    'and no other install',
  );
});

test('a gate is only where no relay dials, whatever the pod has declared', (t) => {
  const pods = Array.from({ length: 10 }, (_, count) => ({
    name: `web-${count}`,
    ip: `10.0.0.${count}`,
    agent: [],
    ports: Array.from({ length: count }, (_, index) => ({ number: AGENT_EXIT_PORT - index })),
  }));
  const ports = [...buildState({ pods }).pods.values()].map(findGatePort);
  t.is(new Set(ports).size, 8);
  t.true(ports.every(isExitPort), String(ports));
});

test('what two control plane pods say counts together', (t) => {
  const reports = {
    'tp-control-plane-1': { generation: 1, pods: ['web-2'] },
    'tp-control-plane-2': { generation: 1, pods: ['web-1', 'web-2'] },
  };
  t.deepEqual(ask({ reports }), { found: true, agents: AGENTS });
});

test('neither what a dead one said, nor what was said of an earlier generation', (t) => {
  t.deepEqual(ask({ reports: { gone: { generation: 1, pods: HOLDERS } } }), { found: true, agents: [] });
  t.deepEqual(ask({ generation: 2 }), { found: true, agents: [] });
});

test('agents of a control plane pod that ends count while they come to another one', (t) => {
  const state = build({ reports: { 'tp-control-plane-2': { generation: 1, pods: HOLDERS } } });
  const after = { ...state, replicas: new Set(['tp-control-plane-1']) };
  const settled = translate(state, CONTEXT);
  const atOnce = translate(after, { ...CONTEXT, memory: settled.memory });
  t.deepEqual(findWithoutSecrets(after, atOnce.memory), { found: true, agents: AGENTS });
  const nowMs = CONTEXT.nowMs + HOLD_GRACE_MS;
  const later = translate(after, { ...CONTEXT, nowMs, memory: atOnce.memory });
  t.deepEqual(findWithoutSecrets(after, later.memory), { found: true, agents: [] });
});

const none = test.macro((t, change: Partial<InterceptWords>, question: Partial<typeof QUESTION>) => {
  t.deepEqual(ask(change, question), { found: false });
});
test('none for an exit that is not there', none, {}, { name: 'other' });
test('none in another namespace', none, {}, { namespace: 'team-b' });
test("none by somebody else's exit", none, {}, { session: 'bob-1' });
test('none by an exit of another laptop of the same person', none, {}, { session: 'alice-2' });
test('none by an exit that names the session of somebody else', none, { owner: 'bob' }, {});
test('none for a session without owner', none, { session: 'nobodys', owner: null }, { session: 'nobodys' });
test('none by an intercept of requests', none, { action: 'Redirect' }, {});
test('none by an exit that is being deleted', none, { deleted: '2026-01-01T00:00:30Z' }, {});
