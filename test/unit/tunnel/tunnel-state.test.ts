// How a tunnel's life goes on after each event, and how long it waits before it dials again.

import test from 'ava';
import fc from 'fast-check';
import {
  FIRST_REDIAL_MS,
  HURRIED_REDIAL_MS,
  HURRY_MS,
  LAST_REDIAL_MS,
  redialDelayMs,
  startingState,
  type TunnelEvent,
  type TunnelState,
  transition,
} from '../../../kubectl-tp/src/tunnel/tunnel-state.ts';

const ERROR = new Error('lost');
const lost: TunnelEvent = { name: 'lost', error: ERROR };

function play(events: TunnelEvent[], stepMs = 1000): TunnelState {
  return events.reduce((state, event, index) => transition(state, event, (index + 1) * stepMs), startingState(0));
}

test('dialing, up, draining, lost', (t) => {
  t.deepEqual(play([{ name: 'connected' }]), { name: 'up', sinceMs: 1000 });
  t.deepEqual(play([{ name: 'connected' }, { name: 'goAway' }]), { name: 'draining', sinceMs: 2000 });
  t.deepEqual(play([{ name: 'connected' }, lost]), {
    name: 'waiting',
    sinceMs: 2000,
    attempt: 1,
    lostAtMs: 2000,
    error: ERROR,
  });
});

test('attempts count from the loss, and being up ends the count', (t) => {
  t.like(play([lost, { name: 'dial' }, lost, { name: 'dial' }, lost]), { attempt: 3, lostAtMs: 0 });
  t.like(play([lost, { name: 'dial' }, { name: 'connected' }, lost]), { attempt: 1, lostAtMs: 4000 });
});

test('waking up forgets the failures', (t) => {
  t.like(play([lost, { name: 'dial' }, lost, { name: 'wake' }]), { attempt: 0, lostAtMs: 4000 });
});

test('closed is the end', (t) => {
  const closed = play([{ name: 'close' }]);
  for (const name of ['dial', 'connected', 'goAway', 'wake', 'close'] as const) {
    t.is(transition(closed, { name }, 5000), closed);
  }
  t.is(transition(closed, lost, 5000), closed);
});

test('the wait doubles, is short while the trouble is young, never long, and never in step', (t) => {
  const waiting = (attempt: number): TunnelState => ({
    name: 'waiting',
    sinceMs: 0,
    attempt,
    lostAtMs: 0,
    error: ERROR,
  });
  t.is(redialDelayMs(waiting(1), 0, 0), FIRST_REDIAL_MS * 0.75);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.nat(60_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, nowMs, random) => {
        const delayMs = redialDelayMs(waiting(attempt), nowMs, random);
        const limitMs = nowMs < HURRY_MS ? HURRIED_REDIAL_MS : LAST_REDIAL_MS;
        t.true(delayMs > 0 && delayMs <= limitMs);
        if (attempt > 6) t.true(delayMs >= limitMs * 0.75);
      },
    ),
  );
});
