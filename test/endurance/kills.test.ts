// Any process may be killed: bystanders don't notice, matched requests are answered by the laptop or the pod.

import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { LoadResult } from '../apps/load.ts';
import { findPodProcess, labDaemon } from '../helpers/lab-processes.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
const INSTALL_NAMESPACE = 'kubectl-tp';
const SECONDS = 20;
const KILL_AFTER_MS = 3000;
const ALL = { app: 'echo', perSecond: 100 } as const;
/** At 50 requests a second, a kill meets at most those that are under way within its detection time. */
const MATCHED = { connections: 'fresh', perSecond: 50, seconds: SECONDS, headers: { 'x-dev': 'alice' } } as const;
const IN_FLIGHT_AT_MOST = 5;

type Scene = { stage: Stage; alice: Person };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 3 });
  const alice = await stage.person('alice');
  const laptop = await stage.laptopApp('laptop-alice');
  await alice.tpOk('intercept', 'echo', '--header', 'x-dev=alice', '--port', String(laptop.port));
  return { stage, alice };
}

async function killUnderLoad(
  { stage }: Scene,
  kill: () => Promise<void> | void,
): Promise<{ bystanders: LoadResult[]; matched: LoadResult }> {
  const plans = (['keep-alive', 'fresh', 'h2c'] as const).map((connections) => ({ ...ALL, connections }));
  const matched = stage.load({ app: 'echo', ...MATCHED });
  const bystanders = stage.loadDuring(plans, SECONDS, async () => {
    await delay(KILL_AFTER_MS);
    await kill();
  });
  const [ofBystanders, ofMatched] = await Promise.all([bystanders, matched]);
  return { bystanders: ofBystanders, matched: ofMatched };
}

function assertUnharmed(
  t: ExecutionContext,
  { bystanders, matched }: { bystanders: LoadResult[]; matched: LoadResult },
): void {
  t.deepEqual(
    bystanders.map(({ failures }) => failures),
    [{}, {}, {}],
  );
  t.true(matched.failed <= IN_FLIGHT_AT_MOST, JSON.stringify(matched.failures));
  t.log(`matched ${JSON.stringify(matched.servedBy)}, failed ${matched.failed} of ${matched.sent}`);
}

async function killPods({ stage }: Scene, component: string, script: string): Promise<void> {
  const selector = `app.kubernetes.io/component=${component}`;
  const names = await stage.cluster.kubectl([
    '-n',
    INSTALL_NAMESPACE,
    'get',
    'pods',
    '-l',
    selector,
    '-o',
    'jsonpath={.items[*].metadata.name}',
  ]);
  for (const pod of names.split(' ')) {
    process.kill(findPodProcess(pod, script), 'SIGKILL');
    await delay(KILL_AFTER_MS);
  }
}

test.serial('kill -9 of the session process', async (t) => {
  const scene = await openScene(t);
  const { pid } = await scene.alice.status();
  assertUnharmed(t, await killUnderLoad(scene, () => void process.kill(pid, 'SIGKILL')));
});

for (const [component, script] of [
  ['relay', 'relay.mjs'],
  ['control-plane', 'control-plane.mjs'],
  ['webhook', 'webhook.mjs'],
] as const) {
  test.serial(`kill -9 of each ${component}`, async (t) => {
    const scene = await openScene(t);
    assertUnharmed(t, await killUnderLoad(scene, () => killPods(scene, component, script)));
    await waitFor('the laptop is reached again', async () => {
      const result = await scene.stage.load({ app: 'echo', ...MATCHED, seconds: 1 });
      return result.servedBy['laptop-alice'] === result.sent;
    });
    t.pass();
  });
}

test.serial('the API server stands still for ten seconds', async (t) => {
  const scene = await openScene(t);
  const pid = labDaemon('kube-apiserver');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  const result = await killUnderLoad(scene, async () => {
    process.kill(pid, 'SIGSTOP');
    await delay(10_000);
    process.kill(pid, 'SIGCONT');
  });
  assertUnharmed(t, result);
});
