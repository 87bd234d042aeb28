// Laws of the delta stream, over random snapshots, delays, losses of the stream and refusals.

import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import {
  createResourceSet,
  type EncodedResource,
  RESOURCE_TYPES,
  type ResourceSet,
} from '../../../xds/src/resource-set.ts';
import {
  advance,
  type DeltaStream,
  NEW_STREAM,
  type StreamEvent,
  type StreamResponse,
} from '../../../xds/src/server/delta-stream.ts';
import { namesIn } from '../../../xds/src/server/subscription.ts';
import { ModelAgent, type Value } from './model-agent.ts';

const RUNS = { numRuns: 1000, includeErrorInReport: true };
/** More than any exchange here needs; a loop of refusals would reach it. */
const MANY_TRANSITIONS = 2000;

type Step = { kind: 'snapshot'; set: ResourceSet } | { kind: 'request' | 'response' | 'reconnect' | 'idle' };
/** `bad`: may hold clusters that the agent refuses. */
type Quality = 'good' | 'bad';

test('the agent ends with exactly the last snapshot, all of it warm and acknowledged', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(storyArbitrary('good'), setArbitrary('good'), (steps, set) => {
        const run = play([{ kind: 'snapshot', set }, ...steps]);
        assert.deepEqual(holdings(run.agent), versionsIn(run.lastSet ?? set));
        assert.ok(run.agent.isWarm, 'a cluster waits for its endpoints');
        assert.equal(run.acknowledged, run.lastTag);
      }),
      RUNS,
    ),
  );
});

test('no route on the agent ever names a cluster that the agent neither holds nor refuses', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(storyArbitrary('bad'), (steps) => {
        play(steps, (agent) => {
          assert.deepEqual(
            agent.missingClusters().filter((name) => !name.startsWith('bad')),
            [],
          );
        });
      }),
      RUNS,
    ),
  );
});

test('a refusal ends, names the culprit, lets the others in, and a good snapshot cures it', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(storyArbitrary('bad'), setArbitrary('bad'), setArbitrary('good'), (steps, set, good) => {
        const refused = play([...steps, { kind: 'snapshot', set }, { kind: 'idle' }, { kind: 'reconnect' }]);
        const badNames = [...set.cluster.keys()].filter((name) => name.startsWith('bad'));
        const held = [...set.cluster.keys()].filter((name) => refused.agent.held.cluster.has(name));
        assert.deepEqual([...refused.rejectedClusters].sort(), badNames);
        assert.deepEqual(
          held,
          [...set.cluster.keys()].filter((name) => !badNames.includes(name)),
        );
        const { listener, route } = holdings(refused.agent);
        assert.deepEqual([listener, route], [versionsIn(set).listener, versionsIn(set).route]);
        const cured = play([...steps, { kind: 'snapshot', set }, { kind: 'snapshot', set: good }]);
        assert.deepEqual(holdings(cured.agent), versionsIn(good));
      }),
      RUNS,
    ),
  );
});

test('an agent that comes back holding everything is sent nothing but its endpoints', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(setArbitrary('good'), (set) => {
        const before = play([{ kind: 'snapshot', set }]);
        const after = play([{ kind: 'snapshot', set }, { kind: 'idle' }, { kind: 'reconnect' }]);
        const resent = after.responses.slice(before.responses.length).filter(({ type }) => type !== 'endpoint');
        assert.deepEqual(resent.flatMap(namesIn), []);
        assert.equal(after.acknowledged, after.lastTag);
      }),
      RUNS,
    ),
  );
});

/** Plays the steps, then lets everything under way arrive. `check` runs after each response the agent applies. */
function play(steps: readonly Step[], check: (agent: ModelAgent) => void = () => undefined) {
  const agent = new ModelAgent();
  let stream: DeltaStream = NEW_STREAM;
  let snapshot: Extract<StreamEvent, { kind: 'snapshot' }> | undefined;
  let toAgent: StreamResponse[] = [];
  let transitions = 0;
  let acknowledged: string | undefined;
  let rejectedClusters = new Set<string>();
  const responses: StreamResponse[] = [];

  const feed = (event: StreamEvent) => {
    if (++transitions > MANY_TRANSITIONS) throw new Error('the exchange never ends');
    const transition = advance(stream, event);
    stream = transition.stream;
    toAgent.push(...transition.responses);
    responses.push(...transition.responses);
    for (const fact of transition.facts) {
      if (fact.kind === 'acknowledged') acknowledged = fact.tag;
      else if (fact.type === 'cluster') for (const name of fact.names) rejectedClusters.add(name);
    }
  };
  const deliver = {
    snapshot: (set: ResourceSet) => {
      snapshot = { kind: 'snapshot', snapshot: { set, tag: `tag-${transitions}` } };
      feed(snapshot);
    },
    request: () => {
      const next = agent.outbox.shift();
      if (next !== undefined) feed({ kind: 'request', request: next });
    },
    response: () => {
      const next = toAgent.shift();
      if (next === undefined) return;
      agent.apply(next);
      check(agent);
    },
    reconnect: () => {
      agent.connect();
      stream = NEW_STREAM;
      toAgent = [];
      acknowledged = undefined;
      rejectedClusters = new Set();
      if (snapshot !== undefined) feed(snapshot);
    },
    idle: () => {
      while (agent.outbox.length + toAgent.length > 0) {
        deliver.request();
        deliver.response();
      }
    },
  };

  agent.connect();
  for (const step of steps) {
    if (step.kind === 'snapshot') deliver.snapshot(step.set);
    else deliver[step.kind]();
  }
  deliver.idle();
  const { set: lastSet, tag: lastTag } = snapshot?.snapshot ?? {};
  return { agent, acknowledged, rejectedClusters, responses, lastSet, lastTag };
}

function holdings({ held }: ModelAgent): Record<string, Record<string, string>> {
  const versions = RESOURCE_TYPES.map((type) => [
    type,
    Object.fromEntries([...held[type]].map(([name, { version }]) => [name, version] as const).sort()),
  ]);
  return Object.fromEntries(versions);
}

function versionsIn(set: ResourceSet): Record<string, Record<string, string>> {
  const versions = RESOURCE_TYPES.map((type) => [
    type,
    Object.fromEntries([...set[type].values()].map(({ name, version }) => [name, version])),
  ]);
  return Object.fromEntries(versions);
}

/** Few different snapshots, so that the story returns to one that the agent held, or holds in part, before. */
function storyArbitrary(quality: Quality): fc.Arbitrary<Step[]> {
  return fc.array(setArbitrary(quality), { minLength: 1, maxLength: 3 }).chain((sets) => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...sets.map((set): Step => ({ kind: 'snapshot', set }))) },
      { weight: 5, arbitrary: fc.constantFrom<Step>({ kind: 'request' }, { kind: 'response' }) },
      { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'reconnect' }, { kind: 'idle' }) },
    );
    return fc.array(step, { maxLength: 40 });
  });
}

/** The endpoint that has the cluster's name. */
const OWN = 'own';

/** A consistent set: whatever is referred to is in it, and nothing else. */
function setArbitrary(quality: Quality): fc.Arbitrary<ResourceSet> {
  const cluster = fc.record({
    name: fc.constantFrom('a', 'b', 'c', ...(quality === 'bad' ? ['bad-x', 'bad-y'] : [])),
    endpoint: fc.constantFrom(undefined, 'e', 'f', OWN),
    generation: fc.nat(2),
  });
  const listener = fc.record({
    name: fc.constantFrom('l', 'm'),
    route: fc.option(fc.array(fc.nat(4), { maxLength: 3 }), { nil: undefined }),
    generation: fc.nat(2),
  });
  const unique = { selector: ({ name }: { name: string }) => name, maxLength: 4 };
  return fc
    .record({ clusters: fc.uniqueArray(cluster, unique), listeners: fc.uniqueArray(listener, unique), load: fc.nat(2) })
    .map(({ clusters: drawn, listeners, load }) => {
      const clusters = drawn.map((one) => ({ ...one, endpoint: one.endpoint === OWN ? one.name : one.endpoint }));
      const endpoints = new Set(clusters.flatMap(({ endpoint }) => endpoint ?? []));
      const names = clusters.map(({ name }) => name);
      return createResourceSet([
        ...clusters.map(({ name, endpoint, generation }) =>
          encode('cluster', name, { endpoint, generation, bad: name.startsWith('bad') }),
        ),
        ...[...endpoints].map((name) => encode('endpoint', name, { generation: load })),
        ...listeners.map(({ name, route, generation }) =>
          encode('listener', name, { route: route && `to-${name}`, generation }),
        ),
        ...listeners.flatMap(({ name, route }) =>
          route === undefined ? [] : [encode('route', `to-${name}`, { clusters: pick(names, route) })],
        ),
      ]);
    });
}

function pick(names: readonly string[], indexes: readonly number[]): string[] {
  return [...new Set(indexes.flatMap((index) => names[index] ?? []))].sort();
}

type Fields = { [Field in keyof Value]: Value[Field] | undefined };

function encode(type: EncodedResource['type'], name: string, value: Fields): EncodedResource {
  const endpoints = typeof value.endpoint === 'string' ? [value.endpoint] : [];
  return { type, name, value: new TextEncoder().encode(JSON.stringify(value)), endpoints };
}
