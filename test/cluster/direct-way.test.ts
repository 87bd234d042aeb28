// Relays that laptops reach without the API server, on the real cluster: behind a Service that leads to any of them.

import test from 'ava';
import { openDirectWay } from '../helpers/direct-way.ts';
import { openStage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

async function ways(person: Person): Promise<string[]> {
  const { relays } = await person.status();
  return relays.map(({ state, way }) => `${state} ${way}`).sort();
}

test.serial('each relay by its own certificate behind one address; without the address as before', async (t) => {
  const stage = await openStage(t, 'team-a');
  await stage.deploy({ name: 'near', replicas: 2 });
  const close = await openDirectWay(stage.cluster);
  const alice = await stage.person('alice');
  const app = await stage.laptopApp('laptop');
  const mine = { app: 'near', headers: { 'x-dev': 'alice' }, connections: 'fresh', perSecond: 50, seconds: 2 } as const;
  await alice.tpOk('intercept', 'near', '-n', 'team-a', '--header', 'x-dev=alice', '-p', `${app.port}`);
  await waitFor('both relays without the API server', async () =>
    (await ways(alice)).every((way) => way === 'up direct') ? true : undefined,
  );
  t.deepEqual(await ways(alice), ['up direct', 'up direct']);
  const before = await stage.load(mine);
  t.deepEqual([before.failed, Object.keys(before.servedBy)], [0, ['laptop']]);

  await close();
  await waitFor('the relays that came have no address', async () => {
    const now = await ways(alice);
    return now.length === 2 && now.every((way) => /^up (proxy|port-forward)$/.test(way));
  });
  const after = await stage.load(mine);
  t.deepEqual([after.failed, Object.keys(after.servedBy)], [0, ['laptop']]);
});
