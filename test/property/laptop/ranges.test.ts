// Laws of ranges of addresses, and of the routes that are planned with them.

import test from 'ava';
import fc from 'fast-check';
import { formatAddress } from '../../../kubectl-tp/src/network/address.ts';
import {
  addressBytes,
  contains,
  formatRange,
  mergeRanges,
  overlaps,
  parseRange,
  type Range,
  rangeOf,
  without,
} from '../../../kubectl-tp/src/network/cidr.ts';
import { isRoute } from '../../../kubectl-tp/src/network/helper/parse-request.ts';
import { planRoutes } from '../../../kubectl-tp/src/network/laptop/plan-routes.ts';

/** Near each other, so that they meet: the last bits of one network. */
const near = fc
  .record({ isIpv4: fc.boolean(), low: fc.nat(255), cut: fc.nat(8) })
  .map(({ isIpv4, low, cut }) =>
    rangeOf(isIpv4 ? `10.96.0.${low}/${32 - cut}` : `fd00:96::${low.toString(16)}/${128 - cut}`),
  );
const nearAddress = near.map(({ version, first }): Range => ({ version, first, bits: version === 4 ? 32 : 128 }));
const ranges = fc.array(near, { maxLength: 6 });
const isIn = (all: readonly Range[], address: Range) => all.some((range) => contains(range, address));

test('what a range is written as is that range', (t) => {
  const any = fc.oneof(
    fc.tuple(fc.ipV4(), fc.nat(32)).map(([address, bits]) => `${address}/${bits}`),
    fc.tuple(fc.ipV6(), fc.nat(128)).map(([address, bits]) => `${address}/${bits}`),
  );
  fc.assert(
    fc.property(any, (text) => {
      const range = rangeOf(text);
      t.deepEqual(parseRange(formatRange(range)), range);
      t.true(contains(range, rangeOf(formatAddress(addressBytes(range)))));
    }),
  );
});

test('without a hole there is everything but the hole, nothing twice', (t) => {
  fc.assert(
    fc.property(near, near, nearAddress, (range, hole, address) => {
      const left = without([range], hole);
      t.is(isIn(left, address), contains(range, address) && !contains(hole, address));
      t.false(left.some((one) => left.some((other) => one !== other && overlaps(one, other))));
    }),
    { numRuns: 1000 },
  );
});

test('merged ranges have the same addresses, in the same order whatever came first', (t) => {
  fc.assert(
    fc.property(ranges, nearAddress, (all, address) => {
      const merged = mergeRanges(all);
      t.is(isIn(merged, address), isIn(all, address));
      t.deepEqual(mergeRanges(all.toReversed()), merged);
    }),
    { numRuns: 1000 },
  );
});

test("an address leads to the cluster when it is asked for, and neither excepted nor the laptop's own", (t) => {
  fc.assert(
    fc.property(
      ranges,
      ranges,
      ranges,
      fc.array(nearAddress, { maxLength: 3 }),
      nearAddress,
      (cluster, also, never, own, address) => {
        const kept = own.map((range) => ({ range, what: 'its own' }));
        const { routes } = planRoutes({ cluster, also, never, kept, laptop: [] });
        const expected = isIn([...cluster, ...also], address) && !isIn([...never, ...own], address);
        t.is(isIn(routes.map(rangeOf), address), expected);
      },
    ),
    { numRuns: 1000 },
  );
});

test('no route takes from a route of the laptop what was not asked for by hand', (t) => {
  fc.assert(
    fc.property(ranges, ranges, nearAddress, (cluster, laptop, address) => {
      const routesOfLaptop = laptop.map((range) => ({ range, interfaceName: 'lan0' }));
      const { routes, leftOut } = planRoutes({ cluster, also: [], never: [], kept: [], laptop: routesOfLaptop });
      if (isIn(laptop, address)) t.false(isIn(routes.map(rangeOf), address));
      if (laptop.length === 0) t.deepEqual(leftOut, []);
    }),
    { numRuns: 1000 },
  );
});

test('no text makes a route of the machine itself, or of everything', (t) => {
  const never = [
    '127.0.0.1',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '0.0.0.0',
    '::1',
    'fe80::1',
    'ff02::1',
    '::ffff:10.0.0.1',
  ];
  const texts = fc.oneof(
    fc
      .tuple(fc.constantFrom(...never, '8.8.8.8', '10.0.0.1', 'fd00::1'), fc.nat(140))
      .map(([address, bits]) => `${address}/${bits}`),
    fc.string(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      if (!isRoute(text)) return;
      const range = rangeOf(text);
      t.true(range.bits >= 8);
      for (const address of never) t.false(contains(range, rangeOf(address)), text);
    }),
    { numRuns: 2000 },
  );
});
