// Bystanders lose nothing: while intercepts come and go, while the first one rolls the pods, while pods end.

import test from 'ava';
import type { LoadPlan, LoadResult } from '../apps/load.ts';
import { openStage, type Stage } from '../helpers/stage.ts';

const NAMESPACE = 'team-a';
const KINDS = ['keep-alive', 'fresh', 'h2c'] as const satisfies LoadPlan['connections'][];
/** Three kinds of connections at this rate: 300 requests a second in all. */
const PER_SECOND = 100;

/** 300 bystander requests a second during `story`; the totals of each kind. */
function underLoad(stage: Stage, app: string, seconds: number, story: () => Promise<unknown>): Promise<LoadResult[]> {
  const plans = KINDS.map((connections) => ({ app, connections, perSecond: PER_SECOND }));
  return stage.loadDuring(plans, seconds, story);
}

const failuresOf = (results: LoadResult[]) =>
  results.flatMap((result, index) => (result.failed > 0 ? [[KINDS[index], result.failures]] : []));
const count = (results: LoadResult[], key: 'sent' | 'failed') => results.reduce((sum, result) => sum + result[key], 0);

test.serial('the first intercept rolls three replicas: no bystander fails', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'rolled', replicas: 3 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  const results = await underLoad(stage, 'rolled', 25, async () => {
    await alice.tpOk('intercept', 'rolled', '--header', 'x-dev=alice', '--port', String(laptop.port));
  });
  t.deepEqual(failuresOf(results), []);
  t.true(count(results, 'sent') >= 7000);
});

test.serial('twenty intercepts come and go: no bystander fails', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'busy', replicas: 3 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  const intercept = () => alice.tpOk('intercept', 'busy', '--header', 'x-dev=alice', '--port', String(laptop.port));
  await intercept();
  const results = await underLoad(stage, 'busy', 30, async () => {
    for (let cycle = 0; cycle < 20; cycle++) {
      await alice.tpOk('leave', 'busy');
      await intercept();
    }
  });
  t.deepEqual(failuresOf(results), []);
  t.true(count(results, 'sent') >= 8500);
});

test.serial('pods end and roll while intercepted: no more failures than without agents', async (t) => {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'plain', replicas: 3 });
  await stage.deploy({ name: 'held', replicas: 3 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'held', '--header', 'x-dev=alice', '--port', String(laptop.port));
  const endPods = async (app: string) => {
    const first = await stage.cluster.kubectl([
      '-n',
      NAMESPACE,
      'get',
      'pods',
      '-l',
      `app=${app}`,
      '-o',
      'jsonpath={.items[0].metadata.name}',
    ]);
    await stage.cluster.kubectl(['-n', NAMESPACE, 'delete', 'pod', first]);
    await stage.cluster.kubectl(['-n', NAMESPACE, 'rollout', 'restart', `deployment/${app}`]);
    await stage.cluster.kubectl(['-n', NAMESPACE, 'rollout', 'status', `deployment/${app}`, '--timeout=120s']);
  };
  const without = await underLoad(stage, 'plain', 30, () => endPods('plain'));
  const with_ = await underLoad(stage, 'held', 30, () => endPods('held'));
  t.log(
    `without agents ${count(without, 'failed')} of ${count(without, 'sent')}, with ${count(with_, 'failed')} of ${count(with_, 'sent')}`,
  );
  t.true(count(with_, 'failed') <= count(without, 'failed'), JSON.stringify(failuresOf(with_)));
});
