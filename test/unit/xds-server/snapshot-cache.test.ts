// Who hears of a new snapshot and who doesn't, and what nodes share.

import test from 'ava';
import { createSnapshotCache } from '../../../xds/src/cache/snapshot-cache.ts';
import { resourceSet } from './resources.ts';

test('a subscriber hears of its own node alone, until it leaves', (t) => {
  const cache = createSnapshotCache();
  const heard: string[] = [];
  const leave = cache.subscribe('a/1', ({ tag }) => heard.push(tag));
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 1 } }), 'one');
  cache.setSnapshot('a/2', resourceSet({ cluster: { c: 2 } }), 'other');
  leave();
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 3 } }), 'two');
  t.deepEqual(heard, ['one']);
});

test('an equal snapshot is silence, an equal set with another tag is not', (t) => {
  const cache = createSnapshotCache();
  const heard: string[] = [];
  cache.subscribe('a/1', ({ tag }) => heard.push(tag));
  for (const tag of ['one', 'one', 'two']) cache.setSnapshot('a/1', resourceSet({ cluster: { c: 1 } }), tag);
  t.deepEqual(heard, ['one', 'two']);
});

test('a node that is deleted is forgotten in silence', (t) => {
  const cache = createSnapshotCache();
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 1 } }), 'one');
  cache.subscribe('a/1', () => t.fail());
  cache.deleteSnapshot('a/1');
  t.is(cache.getSnapshot('a/1'), undefined);
  t.deepEqual([...cache.nodes], []);
});

test('nodes share the bytes of equal resources and let go of them with the last', (t) => {
  const cache = createSnapshotCache();
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 1, d: 1 } }), 'one');
  cache.setSnapshot('a/2', resourceSet({ cluster: { c: 1 }, route: { c: 1 } }), 'one');
  const [first, second] = ['a/1', 'a/2'].map((node) => cache.getSnapshot(node)?.set.cluster.get('c'));
  t.is(first?.value, second?.value);
  t.is(cache.resourceCount, 3);
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 2 } }), 'two');
  t.is(cache.resourceCount, 3);
  cache.deleteSnapshot('a/1');
  cache.deleteSnapshot('a/2');
  t.is(cache.resourceCount, 0);
});

test('what a node goes on having is shared until the node lets go of it', (t) => {
  const cache = createSnapshotCache();
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 1, d: 1 } }), 'one');
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 1, d: 2 } }), 'two');
  cache.setSnapshot('a/2', resourceSet({ cluster: { c: 1 } }), 'one');
  const [first, second] = ['a/1', 'a/2'].map((node) => cache.getSnapshot(node)?.set.cluster.get('c'));
  t.is(first, second);
  t.is(cache.resourceCount, 2);
  cache.deleteSnapshot('a/1');
  t.is(cache.resourceCount, 1, 'the other node has it still');
  cache.deleteSnapshot('a/2');
  t.is(cache.resourceCount, 0);
});

test('a type in which nothing has changed is the same as before, and need not be compared', (t) => {
  const cache = createSnapshotCache();
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 1 }, listener: { l: 1 } }), 'one');
  const before = cache.getSnapshot('a/1')?.set;
  cache.setSnapshot('a/1', resourceSet({ cluster: { c: 2 }, listener: { l: 1 } }), 'two');
  const after = cache.getSnapshot('a/1')?.set;
  t.is(after?.listener, before?.listener);
  t.not(after?.cluster, before?.cluster);
});
