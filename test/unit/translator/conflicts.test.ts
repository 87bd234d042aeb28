// Who keeps a request that two could get, and who finds no place on a port that is full.

import test from 'ava';
import {
  MAX_INTERCEPTS_PER_OWNER_AND_PORT,
  MAX_INTERCEPTS_PER_PORT,
} from '../../../control-plane/src/translator/conflicts.ts';
import { translate } from '../../../control-plane/src/translator/index.ts';
import { buildState, type InterceptWords } from '../../fixtures/cluster-state.ts';
import { CONTEXT } from '../../fixtures/translation.ts';

const NODE = 'team-a/orders-1';
const ME = { target: 'service/orders', headers: { 'x-dev': 'me' } };

test('of two of the same second, the one that was accepted already keeps its requests', (t) => {
  t.is(
    holder([
      { name: 'b', ...ME, accepted: 1 },
      { name: 'a', ...ME },
    ]),
    'team-a/b',
  );
  t.is(
    holder([
      { name: 'b', ...ME },
      { name: 'a', ...ME },
    ]),
    'team-a/a',
  );
});

test('having been accepted is no help against an older one, nor once the object has changed', (t) => {
  const older = { name: 'c', ...ME, created: '2025-12-31T23:59:59Z' };
  t.is(holder([{ name: 'b', ...ME, accepted: 1 }, older]), 'team-a/c');
  t.is(
    holder([
      { name: 'b', ...ME, generation: 2, accepted: 1 },
      { name: 'a', ...ME },
    ]),
    'team-a/a',
  );
});

test('a port has so many places; whoever comes later waits and takes nobody else theirs', (t) => {
  const owners = Math.ceil(MAX_INTERCEPTS_PER_PORT / MAX_INTERCEPTS_PER_OWNER_AND_PORT) + 1;
  const { kept, refused } = crowd((number) => `owner-${number % owners}`, MAX_INTERCEPTS_PER_PORT + 1);
  t.is(kept, MAX_INTERCEPTS_PER_PORT);
  t.deepEqual(refused, ['team-a/i256']);
});

test('one person has so many places of a port, by whatever sessions, and others have theirs', (t) => {
  const { kept, refused } = crowd((number) => (number === 40 ? 'bob' : 'alice'), 41);
  t.is(kept, MAX_INTERCEPTS_PER_OWNER_AND_PORT + 1);
  t.is(refused.length, 8);
  t.false(refused.includes('team-a/i040'));
});

/** Whose requests `x-dev: me` are. */
function holder(intercepts: InterceptWords[]): string {
  return carried(translateWith(intercepts)).join(' and ');
}

/** So many intercepts of different requests, a second after each other. */
function crowd(ownerOf: (number: number) => string, count: number) {
  const intercepts = Array.from({ length: count }, (_, number): InterceptWords => {
    const name = `i${String(number).padStart(3, '0')}`;
    const owner = ownerOf(number);
    const created = new Date(Date.parse('2026-01-01T00:00:00Z') - (count - number) * 1000).toISOString();
    return {
      name,
      owner,
      session: `${owner}-${number % 2}`,
      created,
      target: 'service/orders',
      headers: { 'x-dev': name },
    };
  });
  const translation = translateWith(intercepts);
  const refused = [...translation.statuses].filter(
    ([, { conditions }]) => conditions[0]?.reason === 'TooManyIntercepts',
  );
  return { kept: carried(translation).length, refused: refused.map(([key]) => key) };
}

function translateWith(intercepts: InterceptWords[]) {
  const sessions = new Map(
    intercepts.map(({ session = 'alice-1', owner = 'alice' }) => [session, { name: session, owner }] as const),
  );
  const state = buildState({
    intercepts,
    sessions: [...sessions.values()],
    services: [{ name: 'orders' }],
    workloads: [{ name: 'orders' }],
    pods: [{ name: 'orders-1', agent: 'Name' }],
  });
  return translate(state, CONTEXT);
}

function carried({ agents }: ReturnType<typeof translate>): string[] {
  return agents.get(NODE)?.ports[0]?.intercepts.map(({ id }) => id) ?? [];
}
