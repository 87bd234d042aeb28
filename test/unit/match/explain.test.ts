import test from 'ava';
import type { RequestMatch } from '../../../control-plane/src/api/index.ts';
import { explainConflict, explainMatch, overlap } from '../../../control-plane/src/match/index.ts';

const everything: RequestMatch = { headers: [] };
const me: RequestMatch = { headers: [{ name: 'x-dev', value: 'me' }] };
const teamA: RequestMatch = { headers: [{ name: 'x-team', value: 'a' }] };

test('a match reads as a person would say it', (t) => {
  t.is(explainMatch(everything), 'every request');
  t.is(explainMatch(me), 'x-dev: me');
  t.is(explainMatch({ headers: [...teamA.headers, ...me.headers] }), 'x-dev: me and x-team: a');
});

const conflict = test.macro({
  exec: (t, mine: RequestMatch, theirs: RequestMatch, expected: string) => {
    const other = { namespace: 'team-a', name: 'orders-1', owner: 'bob', match: theirs };
    t.is(explainConflict(mine, other, overlap(mine, theirs) ?? { headers: [] }), expected);
  },
  title: (_, mine: RequestMatch, theirs: RequestMatch) =>
    `a refusal: ${explainMatch(mine)} beside ${explainMatch(theirs)}`,
});

test(
  conflict,
  me,
  me,
  'Intercept team-a/orders-1 of bob has the requests with x-dev: me (both would get a request with x-dev: me). Choose another value of one header, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
test(
  conflict,
  me,
  teamA,
  'Intercept team-a/orders-1 of bob has the requests with x-team: a (both would get a request with x-dev: me and x-team: a). Choose another value of one header, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
test(
  conflict,
  everything,
  me,
  "Intercept team-a/orders-1 of bob has the requests with x-dev: me, so this one can't take every request of the port (both would get a request with x-dev: me). Choose a header, or ask bob to end it: kubectl -n team-a delete intercept orders-1",
);
test(
  conflict,
  me,
  everything,
  'Intercept team-a/orders-1 of bob takes every request of this port (both would get a request with x-dev: me). Wait, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
test(
  conflict,
  everything,
  everything,
  'Intercept team-a/orders-1 of bob takes every request of this port (both would get any request). Wait, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
