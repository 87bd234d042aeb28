// A program in the cluster's network while parts of the way to it end: new connections work again soon, old ones are
// reset and not silent.

import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { recovery, startConnecting } from '../helpers/connecting-program.ts';
import { findPodProcess, labDaemon } from '../helpers/lab-processes.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';

const NAMESPACE = 'team-a';
const SECONDS = 30;
/** A killed relay starts again in a few seconds, and the laptop finds it after a pause. */
const BAR_MS = 10_000;
/** Connections are there, old and new, before the trouble comes. */
const CALM_MS = 2000;

type Scene = { stage: Stage; alice: Person; survives: (trouble: () => Promise<void>) => Promise<void> };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 2 });
  const alice = await stage.person('alice');
  return {
    stage,
    alice,
    async survives(trouble) {
      const { outcome } = await startConnecting(alice, { namespace: NAMESPACE, host: 'echo', seconds: SECONDS });
      await delay(CALM_MS);
      await trouble();
      const overMs = Date.now();
      const connecting = await outcome;
      const { firstOkMs, lastFailedMs } = recovery(connecting, overMs);
      const ms = `first new connection ${Math.round(firstOkMs)} ms, last that failed begun ${Math.round(lastFailedMs)} ms`;
      t.log(`after the trouble: ${ms}; the held one: ${connecting.held.end}`);
      t.true(firstOkMs < BAR_MS, 'new connections');
      t.true(lastFailedMs < BAR_MS, 'no more failures');
      t.is(connecting.held.end, 'reset');
    },
  };
}

async function relays({ cluster }: Stage): Promise<string[]> {
  const selector = 'app.kubernetes.io/component=relay';
  const names = ['get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}'];
  return (await cluster.kubectl(['-n', 'kubectl-tp', ...names])).split(' ');
}

test.serial('kill -9 of every relay', async (t) => {
  const { stage, survives } = await openScene(t);
  await survives(async () => {
    for (const pod of await relays(stage)) process.kill(findPodProcess(pod, 'relay.mjs'), 'SIGKILL');
  });
});

test.serial('the API server stands still for ten seconds', async (t) => {
  const { survives } = await openScene(t);
  const pid = labDaemon('kube-apiserver');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  await survives(async () => {
    process.kill(pid, 'SIGSTOP');
    await delay(10_000);
    process.kill(pid, 'SIGCONT');
  });
});

test.serial('the laptop is suspended for ten seconds', async (t) => {
  const { alice, survives } = await openScene(t);
  await survives(async () => {
    const { pid } = await alice.status();
    process.kill(pid, 'SIGSTOP');
    await delay(10_000);
    process.kill(pid, 'SIGCONT');
  });
});

test.serial('kill -9 of the session process', async (t) => {
  const { alice, survives } = await openScene(t);
  await survives(async () => {
    const { pid } = await alice.status();
    process.kill(pid, 'SIGKILL');
  });
});
