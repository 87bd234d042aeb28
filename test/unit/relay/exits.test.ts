// What a relay remembers of the agents by which connections leave, and what it does while nobody tells.

import test from 'ava';
import type { ExitAnswer } from '../../../control-plane/src/reach/question.ts';
import { createExits } from '../../../control-plane/src/relay/exits.ts';

const EXIT = { namespace: 'team-a', name: 'web-out' };
const AGENTS = [{ pod: 'web-1', address: '10.0.0.1', port: 15078, secret: 'a-secret' }];

function createTestExits(answer: () => ExitAnswer | Promise<ExitAnswer>) {
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
  world.ms = 1000 + 10 * 60_000 - 1;
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

test('traffic does not make the ten minutes longer, and waits for nobody in between', async (t) => {
  const { exits, world } = createTestExits(() => ({ found: true, agents: AGENTS }));
  await exits.find('s', EXIT);
  world.answer = away;
  for (world.ms = 1000; world.ms < 601_000; world.ms += 500) {
    const [found, again] = await Promise.all([exits.find('s', EXIT), exits.find('s', EXIT)]);
    t.deepEqual([found, again], [{ agents: AGENTS }, { agents: AGENTS }]);
  }
  t.is(world.asked, 1 + 600 / 5, 'asked once in five seconds');
  const found = await exits.find('s', EXIT);
  t.true('reason' in found && found.reason.includes('does not answer'));
});

test('a question that stays open is not asked beside itself, however late its failure comes', async (t) => {
  const { exits, world } = createTestExits(() => ({ found: true, agents: AGENTS }));
  await exits.find('s', EXIT);
  const open = Promise.withResolvers<ExitAnswer>();
  world.answer = () => open.promise;
  world.ms = 1000;
  const first = exits.find('s', EXIT);
  world.ms = 2500;
  const second = exits.find('s', EXIT);
  t.is(world.asked, 2);
  open.reject(new Error('late'));
  t.deepEqual(await Promise.all([first, second]), [{ agents: AGENTS }, { agents: AGENTS }]);
});

test('a session that asks for too many at once is refused, others are not', async (t) => {
  const open = Promise.withResolvers<ExitAnswer>();
  const { exits, world } = createTestExits(() => open.promise);
  const waiting = Array.from({ length: 64 }, (_, index) => exits.find('s', { ...EXIT, name: `web-${index}` }));
  const refused = await exits.find('s', EXIT);
  t.true('reason' in refused && refused.reason.includes('too many'));
  const other = exits.find('other', EXIT);
  t.is(world.asked, 65);
  open.resolve({ found: true, agents: AGENTS });
  for (const found of await Promise.all([...waiting, other])) t.deepEqual(found, { agents: AGENTS });
  t.deepEqual(await exits.find('s', EXIT), { agents: AGENTS }, 'there is room again');
});
