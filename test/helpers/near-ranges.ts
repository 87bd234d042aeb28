// Ranges and addresses for tests, so near each other that they meet.

import fc from 'fast-check';
import { contains, type Range, rangeOf } from '../../control-plane/src/addresses/index.ts';

/** In the last bits of one network. */
export const near = fc
  .record({ isIpv4: fc.boolean(), low: fc.nat(255), cut: fc.nat(8) })
  .map(({ isIpv4, low, cut }) =>
    rangeOf(isIpv4 ? `10.96.0.${low}/${32 - cut}` : `fd00:96::${low.toString(16)}/${128 - cut}`),
  );
export const nearAddress = near.map(
  ({ version, first }): Range => ({ version, first, bits: version === 4 ? 32 : 128 }),
);
export const ranges = fc.array(near, { maxLength: 6 });
export const isIn = (all: readonly Range[], address: Range) => all.some((range) => contains(range, address));
