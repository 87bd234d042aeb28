// What a relay remembers of the control plane's answers, and what it does while there are none.

import test from 'ava';
import { rangeOf } from '../../../control-plane/src/addresses/index.ts';
import type { ReachAnswer } from '../../../control-plane/src/reach/question.ts';
import { REFUSALS } from '../../../control-plane/src/reach/refusals.ts';
import { createReach } from '../../../control-plane/src/relay/reach.ts';

type Answering = (session: string, address: string) => ReachAnswer | Promise<ReachAnswer>;

const ALLOWED: ReachAnswer = { allowed: true };
const UNKNOWN: ReachAnswer = { allowed: false, reason: 'unknown' };
const FORBIDDEN: ReachAnswer = { allowed: false, reason: 'forbidden' };
const AWAY = (): never => {
  throw new Error('away');
};

function createTestReach(answering: Answering, allow: readonly string[] = []) {
  const asked: string[] = [];
  const troubles: unknown[] = [];
  const world = { ms: 0, answering };
  const reach = createReach({
    async ask(session, address) {
      asked.push(`${session} ${address}`);
      return world.answering(session, address);
    },
    allow: allow.map(rangeOf),
    own: ['10.9.9.9', '::FFFF:10.9.9.8', 'fe80::1%eth0'],
    now: () => world.ms,
    onTrouble: (error) => troubles.push(error),
  });
  /** `allowed`, or why not. */
  async function dial(address: string, session = 's'): Promise<string> {
    const verdict = await reach.mayDial(session, address);
    return verdict.allowed ? 'allowed' : verdict.reason;
  }
  return { reach, dial, asked, troubles, world };
}

test('what is allowed is dialed in the form that was judged', async (t) => {
  const { reach, asked } = createTestReach(() => ALLOWED);
  t.deepEqual(await reach.mayDial('s', '::FFFF:10.0.0.1'), { allowed: true, address: '10.0.0.1' });
  t.deepEqual(await reach.mayDial('s', 'FD00:0::1'), { allowed: true, address: 'fd00::1' });
  t.deepEqual(asked, ['s 10.0.0.1', 's fd00::1']);
});

const UNASKED = {
  'orders.shop.svc': REFUSALS.malformed,
  '127.1': REFUSALS.malformed,
  'fe80::1%eth0': REFUSALS.malformed,
  '169.254.169.254': REFUSALS.closed,
  '::ffff:a9fe:a9fe': REFUSALS.closed,
  '127.0.0.1': REFUSALS.closed,
  '0.0.0.0': REFUSALS.closed,
  '10.9.9.9': REFUSALS.closed,
  '::ffff:10.9.9.9': REFUSALS.closed,
  '10.9.9.8': REFUSALS.closed,
};
for (const [address, reason] of Object.entries(UNASKED)) {
  test(`refused without a question, whatever is allowed: ${address}`, async (t) => {
    const { dial, asked } = createTestReach(() => ALLOWED, ['0.0.0.0/0', '::/0']);
    t.is(await dial(address), reason);
    t.deepEqual(asked, []);
  });
}

test('the allow list opens what nothing in the cluster has, and nothing else', async (t) => {
  const { dial, world } = createTestReach(() => UNKNOWN, ['10.8.0.0/16']);
  t.is(await dial('10.8.0.1'), 'allowed');
  t.is(await dial('10.9.0.1'), REFUSALS.unknown);
  world.answering = () => FORBIDDEN;
  t.is(await dial('10.8.0.2'), REFUSALS.forbidden, "a pod of another's namespace");
  world.answering = () => ({ allowed: false, reason: 'closed' });
  t.is(await dial('10.8.0.3'), REFUSALS.closed, 'a node');
  world.answering = () => ({ allowed: false, reason: 'no-session' });
  t.is(await dial('10.8.0.4'), REFUSALS['no-session']);
  world.answering = AWAY;
  t.is(await dial('10.8.0.5'), REFUSALS.unchecked);
});

test('who asks cannot tell an unused address from a foreign one', (t) => {
  t.is<string, string>(REFUSALS.unknown, REFUSALS.forbidden);
});

test('a yes counts for a minute, a no for five seconds', async (t) => {
  const { dial, asked, world } = createTestReach((_session, address) => (address === '10.0.0.1' ? ALLOWED : UNKNOWN));
  const both = async () => [await dial('10.0.0.1'), await dial('10.0.0.2')];
  for (const ms of [0, 4999]) {
    world.ms = ms;
    t.deepEqual(await both(), ['allowed', REFUSALS.unknown]);
  }
  t.is(asked.length, 2);
  world.ms = 5000;
  await both();
  t.deepEqual(asked.slice(2), ['s 10.0.0.2']);
  world.ms = 59_999;
  await dial('10.0.0.1');
  t.is(asked.length, 3);
  world.ms = 60_000;
  await dial('10.0.0.1');
  t.deepEqual(asked.slice(3), ['s 10.0.0.1']);
});

test('a right that was taken away ends with the next answer', async (t) => {
  const { dial, world } = createTestReach(() => ALLOWED);
  await dial('10.0.0.1');
  world.ms = 60_000;
  world.answering = () => FORBIDDEN;
  t.is(await dial('10.0.0.1'), REFUSALS.forbidden);
  world.ms = 70_000;
  world.answering = AWAY;
  t.is(await dial('10.0.0.1'), REFUSALS.unchecked);
});

test('an answer is for one session', async (t) => {
  const { dial } = createTestReach((session) => (session === 's' ? ALLOWED : FORBIDDEN));
  t.is(await dial('10.0.0.1'), 'allowed');
  t.is(await dial('10.0.0.1', 'other'), REFUSALS.forbidden);
});

test('a session that has ended takes its answers with it, those on their way included', async (t) => {
  const gate = Promise.withResolvers<ReachAnswer>();
  const { reach, dial, asked, world } = createTestReach(() => ALLOWED);
  await dial('10.0.0.1');
  world.answering = () => gate.promise;
  const late = dial('10.0.0.2');
  reach.forget('s');
  gate.resolve(ALLOWED);
  await late;
  world.answering = AWAY;
  t.is(await dial('10.0.0.1'), REFUSALS.unchecked);
  t.is(await dial('10.0.0.2'), REFUSALS.unchecked);
  t.is(asked.length, 4);
});

test('while the control plane is away, a yes counts ten minutes longer, and nobody waits for each connection', async (t) => {
  const { dial, asked, world } = createTestReach(() => ALLOWED);
  await dial('10.0.0.1');
  world.answering = AWAY;
  world.ms = 60_000;
  t.is(await dial('10.0.0.1'), 'allowed');
  world.ms = 64_999;
  t.is(await dial('10.0.0.1'), 'allowed');
  t.is(asked.length, 2, 'asked once in five seconds');
  t.is(await dial('10.0.0.2'), REFUSALS.unchecked);
  world.ms = 659_999;
  t.is(await dial('10.0.0.1'), 'allowed');
  world.ms = 660_000;
  t.is(await dial('10.0.0.1'), REFUSALS.unchecked);
  world.answering = () => ALLOWED;
  t.is(await dial('10.0.0.1'), 'allowed');
});

test('what could not be asked is asked anew at once', async (t) => {
  const { dial, world } = createTestReach(AWAY);
  t.is(await dial('10.0.0.1'), REFUSALS.unchecked);
  world.answering = () => ALLOWED;
  t.is(await dial('10.0.0.1'), 'allowed');
});

test('trouble is told now and then, not with each connection', async (t) => {
  const { dial, troubles, world } = createTestReach(AWAY);
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) await dial(address);
  t.is(troubles.length, 1);
  world.ms = 5000;
  await dial('10.0.0.1');
  t.is(troubles.length, 2);
});

test('equal questions at once are one; a session that asks too many is refused, others are not', async (t) => {
  const gate = Promise.withResolvers<ReachAnswer>();
  const { dial, asked } = createTestReach((session) => (session === 's' ? gate.promise : ALLOWED));
  const waiting = Array.from({ length: 64 }, (_, index) => dial(`10.0.1.${index}`));
  waiting.push(dial('10.0.1.0'), dial('::ffff:10.0.1.0'));
  t.is(asked.length, 64);
  t.is(await dial('10.0.2.0'), REFUSALS['too-many']);
  t.is(await dial('10.0.2.0', 'other'), 'allowed');
  gate.resolve(ALLOWED);
  t.true((await Promise.all(waiting)).every((verdict) => verdict === 'allowed'));
  t.is(await dial('10.0.2.0'), 'allowed', 'there is room again');
});

test('of very many addresses those are remembered that were asked about last', async (t) => {
  const { dial, asked } = createTestReach(() => ALLOWED);
  const address = (index: number) => `10.1.${index >> 8}.${index & 0xff}`;
  for (let index = 0; index <= 512; index += 1) await dial(address(index));
  t.is(asked.length, 513);
  for (let index = 512; index >= 1; index -= 1) await dial(address(index));
  t.is(asked.length, 513);
  await dial(address(0));
  t.is(asked.length, 514);
});
