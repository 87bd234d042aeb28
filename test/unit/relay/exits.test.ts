// What a relay remembers of the agents by which connections leave, and what it does while nobody tells.

import test from 'ava';
import type { ExitAnswer } from '../../../control-plane/src/reach/question.ts';
import { createExits } from '../../../control-plane/src/relay/exits.ts';

const EXIT = { namespace: 'team-a', name: 'web-out' };
const AGENTS = [{ pod: 'web-1', address: '10.0.0.1', port: 15078 }];

function createTestExits(answer: () => ExitAnswer) {
  const world = { ms: 0, answer, asked: 0, troubles: 0 };
  const exits = createExits({
    async ask() {
      world.asked += 1;
      return world.answer();
    },
    now: () => world.ms,
    onTrouble: () => {
      world.troubles += 1;
    },
  });
  return { exits, world };
}

const away = (): never => {
  throw new Error('away');
};

test('a burst asks once, and what comes later asks again', async (t) => {
  const { exits, world } = createTestExits(() => ({ found: true, agents: AGENTS }));
  const burst = await Promise.all(Array.from({ length: 100 }, () => exits.find('s', EXIT)));
  for (const found of burst) t.deepEqual(found, { agents: AGENTS });
  t.is(world.asked, 1);
  world.ms = 1000;
  await exits.find('s', EXIT);
  t.is(world.asked, 2);
});

test('a session never gets the answer for another', async (t) => {
  const { exits, world } = createTestExits(() => ({ found: true, agents: AGENTS }));
  await exits.find('s', EXIT);
  world.answer = () => ({ found: false });
  const found = await exits.find('other', EXIT);
  t.true('reason' in found && found.reason.includes('has ended'));
});

test('without a ready pod, and without an exit, it says so', async (t) => {
  const { exits, world } = createTestExits(() => ({ found: true, agents: [] }));
  const none = await exits.find('s', EXIT);
  t.true('reason' in none && none.reason.includes('no pod'));
  world.ms = 1000;
  world.answer = () => ({ found: false });
  const ended = await exits.find('s', EXIT);
  t.true('reason' in ended && ended.reason.includes('has ended'));
});

test('with the control plane away the last answer counts for ten minutes, and not after the session', async (t) => {
  const { exits, world } = createTestExits(() => ({ found: true, agents: AGENTS }));
  await exits.find('s', EXIT);
  world.answer = away;
  world.ms = 10 * 60_000 - 1;
  t.deepEqual(await exits.find('s', EXIT), { agents: AGENTS });
  t.is(world.troubles, 1);
  world.ms += 1;
  t.true('reason' in (await exits.find('s', EXIT)));

  world.answer = () => ({ found: true, agents: AGENTS });
  t.deepEqual(await exits.find('s', EXIT), { agents: AGENTS });
  world.answer = away;
  exits.forget('s');
  t.true('reason' in (await exits.find('s', EXIT)));
});
