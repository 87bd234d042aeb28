// What must hold for the translation of any state.

import test from 'ava';
import fc from 'fast-check';
import type { ClusterState } from '../../../control-plane/src/state/cluster-state.ts';
import { HTTP_LINGER_MS } from '../../../control-plane/src/translator/agents.ts';
import { hashAgentConfig } from '../../../control-plane/src/translator/hash-agent-config.ts';
import { translate } from '../../../control-plane/src/translator/translate.ts';
import { buildState } from '../../fixtures/cluster-state.ts';
import { acknowledgeAll, CONTEXT, toPlain } from '../../fixtures/translation.ts';
import { anyState, anyWords, HEADER_NAMES, HEADER_VALUES } from './any-state.ts';

const RUNS = { numRuns: 500 };

test('the order in which objects came does not matter', (t) => {
  fc.assert(
    fc.property(anyState, (ordered) => {
      const state = acknowledgeAll(ordered);
      const [one, other] = [translate(state, CONTEXT), translate(reverse(state), CONTEXT)];
      t.is(JSON.stringify(toPlain(one)), JSON.stringify(toPlain(other)));
    }),
    RUNS,
  );
});

test('no two intercepts win one request', (t) => {
  fc.assert(
    fc.property(anyState, (state) => {
      for (const { ports } of translate(state, CONTEXT).agents.values()) {
        for (const { intercepts } of ports) {
          for (const request of everyRequest()) {
            const winners = intercepts.filter(({ headers }) =>
              headers.every(({ name, value }) => request.get(name) === value),
            );
            t.true(winners.length <= 1, JSON.stringify(winners));
          }
        }
      }
    }),
    RUNS,
  );
});

test('an intercept that came and went leaves nothing behind', (t) => {
  fc.assert(
    fc.property(anyState, fc.nat(), (full, choice) => {
      const keys = [...full.intercepts.keys()];
      const gone = keys[choice % Math.max(1, keys.length)];
      const without = { ...full, intercepts: new Map([...full.intercepts].filter(([key]) => key !== gone)) };
      const { memory } = translate(full, CONTEXT);

      const atOnce = toPlain(translate(without, { ...CONTEXT, memory }));
      const never = toPlain(translate(without, CONTEXT));
      t.deepEqual(atOnce.statuses, never.statuses);
      t.deepEqual(atOnce.rollouts, never.rollouts);
      t.deepEqual(ignoreMode(atOnce.agents), ignoreMode(never.agents));

      const ended = translate(without, { ...CONTEXT, memory }).memory;
      const later = { ...CONTEXT, nowMs: CONTEXT.nowMs + HTTP_LINGER_MS };
      const afterwards = translate(without, { ...later, memory: ended });
      t.deepEqual(toPlain(afterwards), toPlain(translate(without, later)));
    }),
    RUNS,
  );
});

test('what happens in another namespace changes no agent here', (t) => {
  fc.assert(
    fc.property(anyState, anyWords, (here, words) => {
      const elsewhere = buildState({
        ...words,
        intercepts: words.intercepts?.map((one) => ({ ...one, namespace: 'team-b' })) ?? [],
        services: words.services?.map((one) => ({ ...one, namespace: 'team-b' })) ?? [],
        pods: words.pods?.map((one) => ({ ...one, namespace: 'team-b' })) ?? [],
        workloads: words.workloads?.map((one) => ({ ...one, namespace: 'team-b' })) ?? [],
      });
      const before = translate(here, CONTEXT).agents;
      const after = translate(merge(here, elsewhere), CONTEXT).agents;
      for (const [node, config] of before) {
        const now = after.get(node);
        t.is(now && hashAgentConfig(now), hashAgentConfig(config));
      }
    }),
    RUNS,
  );
});

function reverse(state: ClusterState): ClusterState {
  const turn = <T>(map: ReadonlyMap<string, T>) => new Map([...map].reverse());
  return {
    ...state,
    intercepts: turn(state.intercepts),
    sessions: turn(state.sessions),
    services: turn(state.services),
    pods: turn(state.pods),
    workloads: turn(state.workloads),
    tunnels: turn(state.tunnels),
    agents: turn(state.agents),
  };
}

function merge(a: ClusterState, b: ClusterState): ClusterState {
  return {
    ...a,
    intercepts: new Map([...b.intercepts, ...a.intercepts]),
    services: new Map([...b.services, ...a.services]),
    pods: new Map([...b.pods, ...a.pods]),
    workloads: new Map([...b.workloads, ...a.workloads]),
  };
}

function everyRequest(): ReadonlyMap<string, string>[] {
  return HEADER_NAMES.reduce<ReadonlyMap<string, string>[]>(
    (requests, name) =>
      requests.flatMap((request) => [request, ...HEADER_VALUES.map((value) => new Map([...request, [name, value]]))]),
    [new Map()],
  );
}

function ignoreMode(agents: ReturnType<typeof toPlain>['agents']) {
  return Object.values(agents).map((agent) => ({
    ...agent,
    ports: agent.ports.map((port) => ({ ...port, mode: '' })),
  }));
}
