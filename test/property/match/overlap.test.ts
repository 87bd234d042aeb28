// Overlap against brute force: over a small alphabet every request there can be is tried on both matches.

import test from 'ava';
import fc from 'fast-check';
import type { RequestMatch } from '../../../control-plane/src/api/index.ts';
import { comparePrecedence, overlap, type RequestShape } from '../../../control-plane/src/match/index.ts';

const NAMES = ['x-a', 'x-b', 'x-c'];
const VALUES = ['1', '2'];

const anyHeader = fc.record({ name: fc.constantFrom(...NAMES), value: fc.constantFrom(...VALUES) });
const anyMatch: fc.Arbitrary<RequestMatch> = fc.record({ headers: fc.array(anyHeader, { maxLength: 4 }) });

/** Each header absent or with one of the values: 27 requests. */
const EVERY_REQUEST: readonly RequestShape[] = NAMES.reduce<RequestShape[]>(
  (requests, name) =>
    requests.flatMap(({ headers }) => [
      { headers },
      ...VALUES.map((value) => ({ headers: [...headers, { name, value }] })),
    ]),
  [{ headers: [] }],
);

/** What agents do with an intercept. */
function isMatch(match: RequestMatch, request: RequestShape): boolean {
  return match.headers.every((wanted) =>
    request.headers.some(({ name, value }) => name === wanted.name && value === wanted.value),
  );
}

test('there is an overlap exactly when some request meets both, and the example is such a request', (t) => {
  fc.assert(
    fc.property(anyMatch, anyMatch, (a, b) => {
      const example = overlap(a, b);
      t.is(
        example !== undefined,
        EVERY_REQUEST.some((request) => isMatch(a, request) && isMatch(b, request)),
      );
      t.true(example === undefined || (isMatch(a, example) && isMatch(b, example)));
    }),
    { numRuns: 2000 },
  );
});

test('overlap does not depend on who asks', (t) => {
  fc.assert(
    fc.property(anyMatch, anyMatch, (a, b) => {
      t.deepEqual(overlap(a, b), overlap(b, a));
    }),
  );
});

test('intercepts that do not overlap never both win a request, and precedence is a total order', (t) => {
  const anyIntercepts = fc.uniqueArray(
    fc.record({ id: fc.string(), createdAt: fc.constantFrom('1', '2'), match: anyMatch }),
    {
      selector: ({ id }) => id,
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(anyIntercepts, (candidates) => {
      const accepted = candidates.filter(
        (one, index) => !candidates.slice(0, index).some((other) => overlap(one.match, other.match) !== undefined),
      );
      for (const request of EVERY_REQUEST) {
        t.true(accepted.filter(({ match }) => isMatch(match, request)).length <= 1);
      }
      t.deepEqual(accepted.toSorted(comparePrecedence), accepted.toReversed().toSorted(comparePrecedence));
    }),
  );
});
