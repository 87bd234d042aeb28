// The main job as its users know it: exactly my requests reach my laptop, from every replica, and nobody else's.

import test from 'ava';
import { openStage, type Stage } from '../helpers/stage.ts';

const NAMESPACE = 'team-a';
/** A thousand fresh connections in ten seconds. */
const THOUSAND_FRESH = { connections: 'fresh', perSecond: 100, seconds: 10 } as const;
const SHORT = { connections: 'fresh', perSecond: 50, seconds: 2 } as const;

const podNames = async ({ cluster }: Stage, app: string): Promise<string[]> => {
  const names = await cluster.kubectl([
    '-n',
    NAMESPACE,
    'get',
    'pods',
    '-l',
    `app=${app}`,
    '-o',
    'jsonpath={.items[*].metadata.name}',
  ]);
  return names.split(' ').sort();
};

test.serial('a thousand requests with the header reach the laptop, a thousand without reach the pods', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 3 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  const said = await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  t.regex(said, /3\/3/);

  const mine = await stage.load({ app: 'echo', headers: { 'x-dev': 'alice' }, ...THOUSAND_FRESH });
  t.deepEqual(
    { failures: mine.failures, servedBy: mine.servedBy },
    { failures: {}, servedBy: { 'laptop-alice': 1000 } },
  );

  const others = await stage.load({ app: 'echo', ...THOUSAND_FRESH });
  t.is(others.failed, 0);
  t.deepEqual(Object.keys(others.servedBy).sort(), await podNames(stage, 'echo'));

  await alice.tpOk('leave', 'echo');
  const after = await stage.load({ app: 'echo', headers: { 'x-dev': 'alice' }, ...SHORT });
  t.is(after.failed, 0);
  t.is(after.servedBy['laptop-alice'], undefined);
});

test.serial(
  'two people with two headers get only their own requests; a third with the same header is refused',
  async (t) => {
    const stage = await openStage(t, NAMESPACE);
    await stage.deploy({ name: 'echo', replicas: 3 });
    const [alice, carol] = [await stage.person('alice'), await stage.person('carol')];
    const [hers, theirs] = [await stage.laptopApp('laptop-alice'), await stage.laptopApp('laptop-carol')];
    await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(hers.port));
    await carol.tpOk('intercept', 'echo', '--header', 'x-dev=carol', '--port', String(theirs.port));
    for (const name of ['alice', 'carol']) {
      const result = await stage.load({ app: 'echo', headers: { 'x-dev': name }, ...SHORT });
      t.deepEqual(
        { failed: result.failed, servedBy: result.servedBy },
        { failed: 0, servedBy: { [`laptop-${name}`]: 100 } },
      );
    }

    const refused = await carol.tp('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(theirs.port));
    t.is(refused.code, 4);
    t.regex(refused.stderr, /alice/);
    t.regex(refused.stderr, /x-dev: alice/);
  },
);

test.serial('the pod answers when the local process is gone, and the laptop again when it is back', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 3 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  await laptop.stop();
  const headers = { 'x-dev': 'alice' };
  const fallback = await stage.load({ app: 'echo', headers, ...SHORT });
  t.deepEqual({ failed: fallback.failed, laptop: fallback.servedBy['laptop-alice'] }, { failed: 0, laptop: undefined });

  await stage.laptopApp('laptop-again', laptop.port);
  const again = await stage.load({ app: 'echo', headers, ...SHORT });
  t.deepEqual({ failed: again.failed, servedBy: again.servedBy }, { failed: 0, servedBy: { 'laptop-again': 100 } });
});
