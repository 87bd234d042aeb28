// Laws of the routes that are planned for a laptop.

import test from 'ava';
import fc from 'fast-check';
import { contains, rangeOf } from '../../../control-plane/src/addresses/index.ts';
import { isRoute } from '../../../kubectl-tp/src/network/helper/parse-request.ts';
import { planRoutes } from '../../../kubectl-tp/src/network/laptop/plan-routes.ts';
import { isIn, nearAddress, ranges } from '../../helpers/near-ranges.ts';

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
