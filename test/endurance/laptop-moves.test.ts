// A laptop that sleeps, wakes elsewhere, or changes its Wi-Fi: new connections into the cluster work within three
// seconds of the network, old ones are reset and not silent, intercepted requests come to the laptop again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { recovery, startConnecting } from '../helpers/connecting-program.ts';
import { createMovingLaptop, type MovingLaptop } from '../helpers/moving-laptop.ts';
import { processesWith } from '../helpers/processes.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import { createPerson, type Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
/** New connections work again so soon. */
const BAR_MS = 3000;
/** Beside the load's own start in the cluster. */
const LEAVE_MS = 10_000;
const CALM_MS = 4000;
const AFTER_S = 10;
const LAPTOP_PORT = 9100;

type Scene = { stage: Stage; laptop: MovingLaptop; alice: Person };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await Promise.all([stage.deploy({ name: 'echo', replicas: 1 }), stage.deploy({ name: 'orders', replicas: 1 })]);
  const laptop = await createMovingLaptop(t);
  const alice = await createPerson(stage.cluster, 'alice', { enter: laptop.enter, timeoutMs: 600_000 });
  t.teardown(() => alice.leave());
  await startOrders(t, laptop, alice);
  return { stage, laptop, alice };
}

async function startOrders(t: ExecutionContext, { enter }: MovingLaptop, { env }: Person): Promise<void> {
  const echo = new URL('../apps/echo.ts', import.meta.url).pathname;
  const own = { NAME: 'laptop', HOST: '127.0.0.1', PORT: String(LAPTOP_PORT), LINGER_MS: '0' };
  const [program = '', ...words] = [...enter, process.execPath, echo];
  const orders = spawn(program, words, { env: { ...env, ...own }, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(async () => {
    const exit = once(orders, 'exit');
    orders.kill('SIGKILL');
    await exit;
  });
  await once(orders.stdout, 'data');
}

/** `trouble` resolves with the time from which the network was there again. */
async function survives(
  t: ExecutionContext,
  { stage, alice }: Scene,
  { trouble, seconds, ends = ['reset'] }: { trouble: () => Promise<number>; seconds: number; ends?: string[] },
): Promise<void> {
  await alice.tpOk('intercept', 'orders', '-n', NAMESPACE, '--header', 'x-dev=alice', '--port', `${LAPTOP_PORT}`);
  const { outcome: running } = await startConnecting(alice, {
    namespace: NAMESPACE,
    host: 'echo',
    seconds: CALM_MS / 1000 + seconds + AFTER_S,
  });
  await delay(CALM_MS);
  const backMs = await trouble();
  await waitFor('intercepted requests to come to the laptop', () => isIntercepted(stage));
  const interceptedMs = Date.now() - backMs;
  // By watches and kept-alive connections that the old network has swallowed.
  await alice.tpOk('leave', 'orders', '-n', NAMESPACE);
  const leftMs = Date.now() - backMs;
  const outcome = await running;
  const { firstOkMs, lastFailedMs } = recovery(outcome, backMs);
  const resetMs = outcome.held.endedMs - backMs;
  t.log(
    `after the network: first new connection ${Math.round(firstOkMs)} ms, last that failed begun ${Math.round(lastFailedMs)} ms, ` +
      `held one: ${outcome.held.end} at ${Math.round(resetMs)} ms, intercept seen at ${interceptedMs} ms, left at ${leftMs} ms`,
  );
  t.true(firstOkMs < BAR_MS, 'new connections');
  t.true(lastFailedMs < BAR_MS, 'no more failures');
  t.true(ends.includes(outcome.held.end), outcome.held.end);
  t.true(outcome.held.end === 'open' || resetMs < BAR_MS, 'old connections');
  t.true(leftMs < LEAVE_MS, 'the API server');
}

async function isIntercepted(stage: Stage): Promise<boolean> {
  const plan = {
    app: 'orders',
    headers: { 'x-dev': 'alice' },
    connections: 'fresh',
    perSecond: 10,
    seconds: 0.1,
  } as const;
  const { servedBy } = await stage.load(plan);
  return (servedBy.laptop ?? 0) > 0;
}

test.serial('another network, after some time without any', async (t) => {
  const scene = await openScene(t);
  for (const awayMs of [0, 1000, 2000, 5000, 20_000]) {
    t.log(`${awayMs} ms without any`);
    await survives(t, scene, {
      seconds: awayMs / 1000,
      async trouble() {
        await scene.laptop.leaveNetwork();
        await delay(awayMs);
        await scene.laptop.joinNetwork();
        return Date.now();
      },
    });
  }
});

test.serial('packets are lost for some time, the address stays', async (t) => {
  const scene = await openScene(t);
  for (const awayMs of [2000, 8000]) {
    t.log(`${awayMs} ms`);
    await survives(t, scene, {
      seconds: awayMs / 1000,
      // Nothing is lost of what can be sent again in time.
      ends: awayMs < 3000 ? ['open', 'reset'] : ['reset'],
      async trouble() {
        await scene.laptop.cutOff();
        await delay(awayMs);
        await scene.laptop.reconnect();
        return Date.now();
      },
    });
  }
});

for (const [seconds, elsewhere] of [
  [30, false],
  [30, true],
  [300, true],
] as const) {
  test.serial(`${seconds} s asleep, awake ${elsewhere ? 'in another network' : 'where it was'}`, async (t) => {
    const scene = await openScene(t);
    const all = (signal: NodeJS.Signals) => {
      for (const pid of processesWith('HOME', scene.alice.env.HOME ?? '')) process.kill(pid, signal);
    };
    await survives(t, scene, {
      seconds,
      async trouble() {
        all('SIGSTOP');
        t.teardown(() => all('SIGCONT'));
        if (elsewhere) await scene.laptop.leaveNetwork();
        await delay(seconds * 1000);
        all('SIGCONT');
        if (elsewhere) await scene.laptop.joinNetwork();
        return Date.now();
      },
    });
  });
}
