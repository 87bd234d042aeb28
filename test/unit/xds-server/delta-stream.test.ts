// The delta protocol case by case: what an agent says, what it is answered.

import test from 'ava';
import type { ResourceType } from '../../../xds/src/resource-set.ts';
import {
  advance,
  countNames,
  type DeltaStream,
  NEW_STREAM,
  type StreamEvent,
  type StreamFact,
  type StreamRequest,
} from '../../../xds/src/server/delta-stream.ts';
import { type Contents, resourceSet } from './resources.ts';

test('without a snapshot nothing is said, so that an agent keeps what it has', (t) => {
  const stream = begin();
  t.deepEqual(stream.ask('cluster', { initialVersions: { old: 'v' } }), []);
  t.deepEqual(stream.ask('endpoint', { subscribe: ['e'] }), []);
});

test('a first request without names asks for all clusters and listeners, but for no endpoints', (t) => {
  const stream = begin({ cluster: { a: 1, b: 1 }, endpoint: { e: 1 } });
  t.deepEqual(stream.ask('cluster'), ['cluster +a +b']);
  t.deepEqual(stream.ask('endpoint'), []);
});

test('an empty wildcard is answered, so that the agent stops waiting', (t) => {
  const stream = begin({});
  t.deepEqual(stream.ask('cluster'), ['cluster']);
  t.deepEqual(stream.ask('listener', { subscribe: ['*'] }), ['listener']);
});

test('a name nobody knows is answered as removed, and sent when it comes to be', (t) => {
  const stream = begin({ cluster: { a: 1 } });
  stream.settle('cluster');
  t.deepEqual(stream.ask('route', { subscribe: ['r'] }), ['route -r']);
  t.deepEqual(stream.ack('route'), []);
  t.deepEqual(stream.set({ cluster: { a: 1 }, route: { r: 1 } }), ['route +r']);
});

test('a name that is asked for again is sent again', (t) => {
  const stream = begin({ endpoint: { e: 1 } });
  t.deepEqual(stream.ask('endpoint', { subscribe: ['e'] }), ['endpoint +e']);
  t.deepEqual(stream.ack('endpoint'), []);
  t.deepEqual(stream.ask('endpoint', { subscribe: ['e'] }), ['endpoint +e']);
});

test('names count in whatever role an agent gives them, those it takes back included', (t) => {
  const stream = begin({ cluster: { a: 1 } });
  stream.ask('cluster');
  const before = stream.countNames();
  stream.ask('cluster', { unsubscribe: ['made', 'up'] });
  t.is(stream.countNames(), before + 2);
});

test('what is unsubscribed is not sent any more', (t) => {
  const stream = begin({ endpoint: { e: 1, f: 1 } });
  stream.ask('endpoint', { subscribe: ['e', 'f'] });
  stream.ack('endpoint');
  stream.ask('endpoint', { unsubscribe: ['e'] });
  t.deepEqual(stream.set({ endpoint: { e: 2, f: 2 } }), ['endpoint +f']);
});

test('of a wildcard and a name, the wildcard stays when the name goes, and the other way round', (t) => {
  const stream = begin({ cluster: { a: 1, b: 1 } });
  t.deepEqual(stream.ask('cluster', { subscribe: ['*', 'a'] }), ['cluster +a +b']);
  stream.ack('cluster');
  t.deepEqual(stream.ask('cluster', { unsubscribe: ['a'] }), ['cluster +a'], 'the agent may have dropped it');
  stream.ack('cluster');
  stream.ask('cluster', { subscribe: ['b'] });
  stream.ack('cluster');
  stream.ask('cluster', { unsubscribe: ['*'] });
  t.deepEqual(stream.set({ cluster: { a: 2, b: 2 } }), ['cluster +b']);
});

test('only what has changed is sent', (t) => {
  const stream = begin({ cluster: { a: 1, b: 1, c: 1 } });
  stream.settle('cluster', 'listener');
  t.deepEqual(stream.set({ cluster: { a: 1, b: 2, d: 1 } }), ['cluster +b +d -c']);
});

test('while one response is under way the next waits, and then has the newest of everything', (t) => {
  const stream = begin({ cluster: { a: 1 } });
  stream.ask('cluster');
  t.deepEqual(stream.set({ cluster: { a: 2 } }), []);
  t.deepEqual(stream.set({ cluster: { a: 3, b: 1 } }), []);
  t.deepEqual(stream.ack('cluster'), ['cluster +a +b']);
});

test('an answer to something else than the newest response is no answer', (t) => {
  const stream = begin({ cluster: { a: 1 } });
  stream.ask('cluster');
  stream.ask('cluster', { nonce: 'made up' });
  t.deepEqual(stream.set({ cluster: { a: 2 } }), [], 'still waits for the first answer');
});

test('routes and listeners wait until the clusters they may name are acknowledged', (t) => {
  const stream = begin({ cluster: { a: 1 }, listener: { l: 1 }, route: { r: 1 } });
  stream.settle('cluster', 'listener', 'route');
  t.deepEqual(stream.set({ cluster: { a: 1, b: 1 }, listener: { l: 2 }, route: { r: 2 } }), ['cluster +b']);
  t.deepEqual(stream.ack('cluster'), ['listener +l', 'route +r']);
});

test('a cluster goes after the route and the listener that may have named it', (t) => {
  const stream = begin({ cluster: { a: 1, b: 1 }, listener: { l: 1 }, route: { r: 1 } });
  stream.settle('cluster', 'listener', 'route');
  t.deepEqual(stream.set({ cluster: { a: 1 }, listener: { l: 2 }, route: { r: 2 } }), ['listener +l', 'route +r']);
  t.deepEqual(stream.ack('route'), []);
  t.deepEqual(stream.ack('listener'), ['cluster -b']);
});

test('a cluster that comes back while its removal is under way is sent again before its route', (t) => {
  const stream = begin({ cluster: { a: 1 }, route: { r: 1 } });
  stream.settle('cluster', 'listener', 'route');
  t.deepEqual(stream.set({ route: { r: 2 } }), ['route +r']);
  t.deepEqual(stream.ack('route'), ['cluster -a']);
  t.deepEqual(stream.set({ cluster: { a: 1 }, route: { r: 1 } }), []);
  t.deepEqual(stream.ack('cluster'), ['cluster +a']);
  t.deepEqual(stream.ack('cluster'), ['route +r']);
});

test('its endpoints follow a cluster without being asked for, and no others do', (t) => {
  const stream = begin({ cluster: { 'a-of-e': 1, b: 1 }, endpoint: { e: 1, f: 1 } });
  stream.settle('cluster', 'endpoint');
  t.deepEqual(stream.set({ cluster: { 'a-of-e': 2, b: 2 }, endpoint: { e: 1, f: 1 } }), [
    'cluster +a-of-e +b',
    'endpoint +e',
  ]);
});

test('an agent that comes back is sent what has changed, and its endpoints', (t) => {
  const held = begin({ cluster: { a: 1, b: 1 }, endpoint: { e: 1 }, listener: { l: 1 }, route: { r: 1 } });
  held.settle('cluster', 'endpoint', 'listener', 'route');
  const stream = begin({ cluster: { a: 1, c: 1 }, endpoint: { e: 1 }, listener: { l: 1 }, route: { r: 1 } });
  t.deepEqual(stream.ask('cluster', { initialVersions: held.versions('cluster') }), ['cluster +c']);
  t.deepEqual(stream.ask('endpoint', { subscribe: ['e'], initialVersions: held.versions('endpoint') }), [
    'endpoint +e',
  ]);
  t.deepEqual(stream.ask('listener', { initialVersions: held.versions('listener') }), []);
  t.deepEqual(stream.ack('cluster'), [], 'nothing is known of its routes yet');
  t.deepEqual(stream.ask('route', { subscribe: ['r'], initialVersions: held.versions('route') }), ['cluster -b']);
});

test('an agent that asks for endpoints that have gone hears so at once, as a cluster may wait for them', (t) => {
  const stream = begin({ cluster: { a: 2 }, endpoint: { e: 1 } });
  t.deepEqual(stream.ask('cluster', { initialVersions: { a: 'older' } }), ['cluster +a']);
  t.deepEqual(stream.set({}), []);
  t.deepEqual(stream.ask('endpoint', { subscribe: ['e'], initialVersions: { e: 'older' } }), ['endpoint -e']);
});

test('a refused resource is reported and not sent again until its content changes', (t) => {
  const stream = begin({ cluster: { a: 1 } });
  stream.ask('cluster');
  t.deepEqual(stream.nack('cluster', 'bad'), []);
  t.deepEqual(stream.facts(), [{ kind: 'rejected', type: 'cluster', names: ['a'], message: 'bad' }]);
  t.deepEqual(stream.ask('cluster', { subscribe: ['a'] }), []);
  t.deepEqual(stream.set({ cluster: { a: 1 }, route: { r: 1 } }), []);
  t.deepEqual(stream.set({ cluster: { a: 2 } }), ['cluster +a']);
  t.deepEqual(stream.ack('cluster'), []);
  t.deepEqual(stream.set({ cluster: { a: 1 } }), ['cluster +a'], 'what was wrong with it may have been mended');
});

test('of a refused response each resource is tried alone, and only the culprit is reported', (t) => {
  const stream = begin({ cluster: { a: 1, b: 1, c: 1 } });
  stream.ask('cluster');
  t.deepEqual(stream.nack('cluster', 'one of you'), ['cluster +a']);
  t.deepEqual(stream.ack('cluster'), ['cluster +b']);
  t.deepEqual(stream.facts(), []);
  t.deepEqual(stream.nack('cluster', 'b is bad'), ['cluster +c']);
  t.deepEqual(stream.facts(), [{ kind: 'rejected', type: 'cluster', names: ['b'], message: 'b is bad' }]);
  t.deepEqual(stream.ack('cluster'), []);
  t.deepEqual(stream.set({ cluster: { a: 1, b: 2, c: 2, d: 1 } }), ['cluster +b +c +d']);
});

test('listeners and routes go on changing while a cluster is refused', (t) => {
  const stream = begin({ cluster: { a: 1 }, listener: { l: 1 }, route: { r: 1 } });
  stream.settle('cluster', 'listener', 'route');
  t.deepEqual(stream.set({ cluster: { a: 1, b: 1 }, listener: { l: 2 }, route: { r: 2 } }), ['cluster +b']);
  t.deepEqual(stream.nack('cluster', 'bad'), ['listener +l', 'route +r']);
  stream.ack('listener');
  stream.ack('route');
  t.deepEqual(stream.set({ cluster: { a: 1, b: 1, c: 1 }, listener: { l: 2 }, route: { r: 3 } }), ['cluster +c']);
  t.deepEqual(stream.ack('cluster'), ['route +r']);
});

test('a cluster is made without the endpoints that are its alone, which follow when it is there', (t) => {
  const stream = begin({ cluster: { 'a-of-e': 1, p: 1 }, endpoint: { e: 1, p: 1 } });
  t.deepEqual(stream.ask('cluster'), ['cluster +a-of-e +p']);
  t.deepEqual(stream.ask('endpoint', { subscribe: ['e', 'p'] }), ['endpoint +e -p']);
  t.deepEqual(stream.ack('endpoint'), []);
  t.deepEqual(stream.ack('cluster'), ['endpoint +p']);
  t.deepEqual(stream.facts(), [], 'its endpoints belong to the snapshot');
  stream.ack('endpoint');
  t.deepEqual(stream.facts(), [{ kind: 'acknowledged', tag: 'tag 1' }]);
});

test('a cluster that is made anew has no endpoints of its own for that time', (t) => {
  const stream = begin({ cluster: { p: 1 }, endpoint: { p: 1 } });
  stream.settle('cluster');
  stream.settle('endpoint');
  t.deepEqual(stream.set({ cluster: { p: 2 }, endpoint: { p: 1 } }), ['cluster +p', 'endpoint -p']);
  t.deepEqual(stream.ack('endpoint'), []);
  t.deepEqual(stream.ack('cluster'), ['endpoint +p']);
});

test('a snapshot counts as acknowledged when all of it is, and once', (t) => {
  const stream = begin({ cluster: { a: 1 }, endpoint: { e: 1 }, listener: { l: 1 }, secret: { unused: 1 } });
  stream.settle('cluster', 'listener');
  t.deepEqual(stream.facts(), [], 'endpoints were not asked for yet');
  stream.settle('endpoint');
  t.deepEqual(stream.facts(), [{ kind: 'acknowledged', tag: 'tag 1' }]);
  stream.ask('route');
  t.deepEqual(stream.facts(), []);
});

test('routes of a port on which nothing is read are nothing to wait for', (t) => {
  const stream = begin({ cluster: { a: 1 }, listener: { l: 1 }, route: { r: 1 } });
  stream.settle('cluster', 'listener');
  t.deepEqual(stream.facts(), [{ kind: 'acknowledged', tag: 'tag 1' }]);
});

test('the same resources under a new tag are acknowledged without a word', (t) => {
  const stream = begin({ cluster: { a: 1 } });
  stream.settle('cluster');
  stream.facts();
  t.deepEqual(stream.set({ cluster: { a: 1 } }), []);
  t.deepEqual(stream.facts(), [{ kind: 'acknowledged', tag: 'tag 2' }]);
});

test('an agent that goes back to what it held before a refusal has acknowledged that once more', (t) => {
  const stream = begin({ listener: { l: 1 } });
  stream.settle('listener');
  t.deepEqual(stream.facts(), [{ kind: 'acknowledged', tag: 'tag 1' }]);
  t.deepEqual(stream.set({ listener: { l: 1, gate: 1 } }), ['listener +gate']);
  stream.nack('listener', 'the port is taken');
  t.deepEqual(stream.facts(), [{ kind: 'rejected', type: 'listener', names: ['gate'], message: 'the port is taken' }]);
  t.deepEqual(stream.set({ listener: { l: 1 } }, 'tag 1'), ['listener -gate']);
  t.deepEqual(stream.facts(), [{ kind: 'acknowledged', tag: 'tag 1' }]);
  stream.ack('listener');
  t.deepEqual(stream.facts(), []);
});

/** A stream to talk with; each word returns the responses it brought, as `type +sent -removed`. */
function begin(contents?: Contents) {
  let stream: DeltaStream = NEW_STREAM;
  let facts: StreamFact[] = [];
  let snapshots = 0;

  function feed(event: StreamEvent): string[] {
    const transition = advance(stream, event);
    stream = transition.stream;
    facts.push(...transition.facts);
    return transition.responses.map(({ type, resources, removed }) =>
      [type, ...resources.map(({ name }) => `+${name}`), ...removed.map((name) => `-${name}`)].join(' '),
    );
  }
  const ask = (type: ResourceType, fields: Partial<StreamRequest> = {}) => {
    const silent = { type, subscribe: [], unsubscribe: [], initialVersions: {}, nonce: '', refusal: undefined };
    return feed({ kind: 'request', request: { ...silent, ...fields } });
  };
  const ack = (type: ResourceType) => ask(type, { nonce: stream.nonces[type] ?? '' });
  const set = (next: Contents, tag?: string) => {
    snapshots += 1;
    return feed({ kind: 'snapshot', snapshot: { set: resourceSet(next), tag: tag ?? `tag ${snapshots}` } });
  };
  if (contents !== undefined) set(contents);
  return {
    ask,
    ack,
    set,
    nack: (type: ResourceType, refusal: string) => ask(type, { nonce: stream.nonces[type] ?? '', refusal }),
    /** Asks for all there is of these types and acknowledges it. */
    settle: (...types: ResourceType[]) => {
      for (const type of types) {
        const names = [...(stream.snapshot?.set[type].keys() ?? [])];
        ask(type, { subscribe: type === 'cluster' || type === 'listener' ? [] : names });
      }
      for (const type of types) ack(type);
    },
    countNames: () => countNames(stream),
    versions: (type: ResourceType) => Object.fromEntries(stream.subscriptions[type].held),
    /** Facts since the last call. */
    facts: () => {
      const heard = facts;
      facts = [];
      return heard;
    },
  };
}
