// Laws of ranges of addresses.

import test from 'ava';
import fc from 'fast-check';
import {
  addressBytes,
  contains,
  formatAddress,
  formatRange,
  mergeRanges,
  overlaps,
  parseRange,
  rangeOf,
  without,
} from '../../../control-plane/src/addresses/index.ts';
import { isIn, near, nearAddress, ranges } from '../../helpers/near-ranges.ts';

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
