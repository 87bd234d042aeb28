import test from 'ava';
import type { RequestMatch, TargetKind } from '../../../control-plane/src/api/index.ts';
import { explainConflict, explainMatch, overlap } from '../../../control-plane/src/match/index.ts';

const everything: RequestMatch = { headers: [] };
const me: RequestMatch = { headers: [{ name: 'x-dev', value: 'me' }] };
const teamA: RequestMatch = { headers: [{ name: 'x-team', value: 'a' }] };

test('a match reads as a person would say it', (t) => {
  t.is(explainMatch(everything), 'every request');
  t.is(explainMatch(me), 'x-dev: me');
  t.is(explainMatch({ headers: [...teamA.headers, ...me.headers] }), 'x-dev: me and x-team: a');
});

type Words = { session: string; owner: string; match: RequestMatch };

function explain(mine: Words, theirs: Words, kind: TargetKind = 'Service'): string {
  const other = { ...theirs, namespace: 'team-a', name: 'orders-1', target: { kind, name: 'orders' } };
  return explainConflict(mine, other, overlap(mine.match, theirs.match) ?? { headers: [] });
}

test("one's own intercept is left, and one of another session is deleted, which leave knows nothing of", (t) => {
  const mine = { session: 'ann-1', owner: 'ann', match: me };
  const left =
    'Your own intercept team-a/orders-1 has the requests with x-dev: me (both would get a request with x-dev: me).\nChoose another value of one header, or end it: kubectl tp leave orders -n team-a';
  t.is(explain(mine, mine), left);
  t.regex(explain(mine, mine, 'Deployment'), /end it: kubectl tp leave deployment\/orders -n team-a$/);
  t.is(
    explain(mine, { ...mine, session: 'ann-2', match: everything }),
    'Your own intercept team-a/orders-1 of another session takes every request of this port (both would get a request with x-dev: me).\nWait, or end it: kubectl -n team-a delete intercept orders-1',
  );
});

const conflict = test.macro({
  exec: (t, mine: RequestMatch, theirs: RequestMatch, expected: string) => {
    t.is(
      explain({ session: 'ann-1', owner: 'ann', match: mine }, { session: 'bob-1', owner: 'bob', match: theirs }),
      expected,
    );
  },
  title: (_, mine: RequestMatch, theirs: RequestMatch) =>
    `a refusal: ${explainMatch(mine)} beside ${explainMatch(theirs)}`,
});

test(
  conflict,
  me,
  me,
  'Intercept team-a/orders-1 of bob has the requests with x-dev: me (both would get a request with x-dev: me).\nChoose another value of one header, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
test(
  conflict,
  me,
  teamA,
  'Intercept team-a/orders-1 of bob has the requests with x-team: a (both would get a request with x-dev: me and x-team: a).\nChoose another value of one header, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
test(
  conflict,
  everything,
  me,
  "Intercept team-a/orders-1 of bob has the requests with x-dev: me, so this one can't take every request of the port (both would get a request with x-dev: me).\nChoose a header, or ask bob to end it: kubectl -n team-a delete intercept orders-1",
);
test(
  conflict,
  me,
  everything,
  'Intercept team-a/orders-1 of bob takes every request of this port (both would get a request with x-dev: me).\nWait, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
test(
  conflict,
  everything,
  everything,
  'Intercept team-a/orders-1 of bob takes every request of this port (both would get any request).\nWait, or ask bob to end it: kubectl -n team-a delete intercept orders-1',
);
