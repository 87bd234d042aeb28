// Commands that share an exit: it is there from the first who enters to the last who leaves.

import test from 'ava';
import { createExitUsers } from '../../../kubectl-tp/src/session/networks/exit-users.ts';

const EXIT = { namespace: 'shop', name: 'web-1' };

test('the last one to leave ends it, once', async (t) => {
  const users = createExitUsers();
  let ended = 0;
  const end = async () => {
    ended += 1;
  };
  const first = await users.enter(EXIT, end);
  const second = await users.enter(EXIT, end);
  await users.enter({ ...EXIT, name: 'other' }, end);
  await first();
  await first();
  await users.endUnused(EXIT, end);
  t.is(ended, 0);
  await second();
  t.is(ended, 1);
  t.false(users.isEntered(EXIT));
});

for (const outcome of ['succeeds', 'fails']) {
  test(`whoever enters while it is being ended goes on when that is over, and it ${outcome}`, async (t) => {
    const users = createExitUsers();
    const deletion = Promise.withResolvers<void>();
    const order: string[] = [];
    const leave = await users.enter(EXIT, () => deletion.promise);
    const leaving = leave().catch(() => undefined);
    const entering = users.enter(EXIT, async () => undefined).then(() => order.push('entered'));
    t.true(users.isEntered(EXIT));
    await users.endUnused(EXIT, async () => t.fail('somebody is in'));
    order.push('deleted');
    if (outcome === 'fails') deletion.reject(new Error('away'));
    else deletion.resolve();
    await Promise.all([leaving, entering]);
    t.deepEqual(order, ['deleted', 'entered']);
  });
}
