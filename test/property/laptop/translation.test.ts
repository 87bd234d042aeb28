// Laws of ranges that stand for others: there and back is where one began, and nothing stands for two things.

import test from 'ava';
import fc from 'fast-check';
import {
  addressBytes,
  contains,
  formatAddress,
  formatRange,
  overlaps,
  type Range,
  rangeOf,
} from '../../../control-plane/src/addresses/index.ts';
import { createAddressTranslation } from '../../../kubectl-tp/src/network/address-translation.ts';
import { chooseRanges } from '../../../kubectl-tp/src/network/laptop/choose-ranges.ts';
import { planRoutes } from '../../../kubectl-tp/src/network/laptop/plan-routes.ts';
import { isIn } from '../../helpers/near-ranges.ts';

/** In the ranges that are chosen from, and in others; seldom so large that little is left. */
const anyIpv4 = fc
  .tuple(
    fc.constantFrom('198.18', '198.19', '100.64', '10.96', '172.16', '192.168'),
    fc.nat(255),
    fc.nat(255),
    fc.integer({ min: 12, max: 32 }),
  )
  .map(([begin, third, fourth, bits]) => rangeOf(`${begin}.${third}.${fourth}/${bits}`));
const anyIpv6 = fc
  .tuple(
    fc.constantFrom('fd8c:41e7:5b00', 'fd27:d0b6:93ff', 'fd00:96:0'),
    fc.nat(0xffff),
    fc.integer({ min: 44, max: 128 }),
  )
  .map(([begin, last, bits]) => rangeOf(`${begin}::${last.toString(16)}/${bits}`));
const anyRanges = fc.array(fc.oneof(anyIpv4, anyIpv6), { maxLength: 6 });
const asRoutes = (ranges: readonly Range[]) => ranges.map((range) => ({ range, interfaceName: 'lan0' }));
const textOf = (range: Range) => formatAddress(addressBytes(range));

test('every address of the cluster has a way, and what a program is told leads back to it', (t) => {
  fc.assert(
    fc.property(anyRanges, anyRanges, anyRanges, anyRanges, (cluster, laptop, also, never) => {
      const wishes = { cluster, laptop: asRoutes(laptop), also, never, kept: [] };
      const plan = planRoutes(wishes);
      const translation = createAddressTranslation((address) => isIn(cluster, rangeOf(address)));
      translation.setRules(plan);
      const routes = plan.routes.map(rangeOf);
      for (const range of cluster) {
        const address = textOf(range);
        const shown = translation.shownOf(address);
        t.is(translation.realOf(shown), address);
        const isHopeless = plan.leftOut.length > 0;
        if (!isIn(never, rangeOf(address)) && !isHopeless)
          t.true(isIn(routes, rangeOf(shown)), `${address} as ${shown}`);
        if (shown === address) continue;
        t.true(translation.isClusters(shown));
        t.false(translation.isClusters(address));
        for (const other of [...laptop, ...cluster, ...also, ...never]) t.false(contains(other, rangeOf(shown)));
      }
    }),
    { numRuns: 1000 },
  );
});

test('no two ranges have addresses in common, and each is as large as what it stands for', (t) => {
  fc.assert(
    fc.property(anyRanges, anyRanges, anyRanges, (cluster, laptop, more) => {
      const wishes = { cluster, also: [], never: [], kept: [] };
      const before = planRoutes({ ...wishes, laptop: asRoutes(laptop) });
      const { pairs } = planRoutes({ ...wishes, laptop: asRoutes([...laptop, ...more]), previous: before.pairs });
      for (const { real, shown } of pairs) {
        t.is(real.bits, shown.bits);
        t.is(real.version, shown.version);
        for (const other of [...laptop, ...more, ...cluster]) t.false(overlaps(shown, other));
        for (const other of pairs) {
          if (other.real === real) continue;
          t.false(overlaps(shown, other.shown));
          t.false(overlaps(real, other.real));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('what stood for a range goes on to do so while the laptop does not need it', (t) => {
  fc.assert(
    fc.property(anyRanges, anyRanges, anyRanges, (cluster, laptop, others) => {
      const wishes = { cluster, also: [], never: [], kept: [] };
      const { pairs } = planRoutes({ ...wishes, laptop: asRoutes(laptop) });
      const after = planRoutes({ ...wishes, laptop: asRoutes(others), previous: pairs });
      for (const { real, shown } of pairs) {
        if (others.some((other) => overlaps(other, shown))) continue;
        const still = after.pairs.find((pair) => overlaps(pair.real, real));
        t.is(still && formatRange(still.shown), formatRange(shown), formatRange(real));
      }
    }),
    { numRuns: 1000 },
  );
});

test('there is room for what one cluster has', (t) => {
  const wanted = ['10.96.0.0/12', '10.244.0.0/16', '10.32.0.0/12', 'fd00:96::/108', 'fd00:244::/56'].map(rangeOf);
  const chosen = chooseRanges({ wanted, previous: [], taken: [...wanted, rangeOf('10.0.0.0/8')] });
  t.deepEqual(
    chosen.map(({ real, shown }) => `${formatRange(real)} as ${formatRange(shown)}`),
    [
      '10.96.0.0/12 as 100.112.0.0/12',
      '10.32.0.0/12 as 100.96.0.0/12',
      '10.244.0.0/16 as 198.18.0.0/16',
      'fd00:244::/56 as fd8c:41e7:5b00::/56',
      'fd00:96::/108 as fd8c:41e7:5b00:100::/108',
    ],
  );
});
