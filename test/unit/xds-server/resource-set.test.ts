// Sets of resources: order and versions come from content alone.

import test from 'ava';
import { createResourceSet, isSameSet, resourceTypeOf, TYPE_URLS } from '../../../xds/src/resource-set.ts';
import { resourceSet } from './resources.ts';

test('the order of the input does not matter', (t) => {
  const there = resourceSet({ cluster: { a: 1, b: 2 }, route: { r: 1 } });
  const back = resourceSet({ route: { r: 1 }, cluster: { b: 2, a: 1 } });
  t.deepEqual([...there.cluster.keys()], ['a', 'b']);
  t.deepEqual([...back.cluster.keys()], ['a', 'b']);
  t.true(isSameSet(there, back));
});

test('another content, name or type is another set', (t) => {
  const sets = [{}, { cluster: { a: 1 } }, { cluster: { a: 2 } }, { cluster: { b: 1 } }, { route: { a: 1 } }];
  for (const [index, a] of sets.entries()) {
    for (const [other, b] of sets.entries()) t.is(isSameSet(resourceSet(a), resourceSet(b)), index === other);
  }
});

test('two resources of one type and name are a mistake', (t) => {
  const twin = { type: 'route' as const, name: 'r', value: new Uint8Array() };
  t.throws(() => createResourceSet([twin, twin]), { code: 'XDS_DUPLICATE_RESOURCE' });
});

test('type URLs and types belong together', (t) => {
  t.is(resourceTypeOf(TYPE_URLS.endpoint), 'endpoint');
  t.is(resourceTypeOf('type.googleapis.com/envoy.service.runtime.v3.Runtime'), undefined);
});
