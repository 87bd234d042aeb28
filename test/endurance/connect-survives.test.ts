// A program in the cluster's network while parts of the way to it end: new connections work again soon, old ones are
// reset and not silent.

import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { findPodProcess, labDaemon } from '../helpers/lab-processes.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';

const NAMESPACE = 'team-a';
const IN = ['-n', NAMESPACE];
const SECONDS = 30;
const TROUBLE_AFTER_MS = 5000;

/**
 * Holds one connection on which nothing is said, and makes a new one every 100 ms. Prints when new ones failed (seconds
 * since the beginning), and how the held one ended, if it did.
 */
const PROGRAM = `
import json, socket, threading, time
begin = time.time()
since = lambda: round(time.time() - begin, 1)
held = socket.create_connection(("echo", 80), 5)
held.settimeout(None)
end = {"held": "open"}
def watch():
    try:
        end["held"] = "end" if held.recv(1) == b"" else "data"
    except ConnectionResetError:
        end["held"] = "reset"
    except OSError as error:
        end["held"] = str(error)
threading.Thread(target=watch, daemon=True).start()
failed = []
while since() < ${SECONDS}:
    try:
        with socket.create_connection(("echo", 80), 5) as fresh:
            fresh.settimeout(5)
            fresh.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            assert fresh.recv(1) != b""
    except (OSError, AssertionError) as error:
        failed.append([since(), str(error)])
    time.sleep(0.1)
print(json.dumps({"failed": failed, **end}))`;

type Outcome = { failed: [second: number, why: string][]; held: string };
type Scene = { stage: Stage; alice: Person; troubled: (trouble: () => Promise<void>) => Promise<Outcome> };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 2 });
  const alice = await stage.person('alice');
  return {
    stage,
    alice,
    async troubled(trouble) {
      const running = alice.tpOk('connect', '-q', ...IN, '--', 'python3', '-c', PROGRAM);
      await delay(TROUBLE_AFTER_MS);
      await trouble();
      const outcome = JSON.parse(await running) as Outcome;
      t.log(`new connections failed at ${JSON.stringify(outcome.failed)}; the held one: ${outcome.held}`);
      return outcome;
    },
  };
}

/** Nothing fails any more in the last third of the run. */
function assertWorksAgain(t: ExecutionContext, { failed }: Outcome): void {
  t.deepEqual(
    failed.filter(([second]) => second > (SECONDS * 2) / 3),
    [],
  );
}

async function relays({ cluster }: Stage): Promise<string[]> {
  const selector = 'app.kubernetes.io/component=relay';
  const names = ['get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}'];
  return (await cluster.kubectl(['-n', 'kubectl-tp', ...names])).split(' ');
}

test.serial('kill -9 of every relay', async (t) => {
  const { stage, troubled } = await openScene(t);
  const outcome = await troubled(async () => {
    for (const pod of await relays(stage)) process.kill(findPodProcess(pod, 'relay.mjs'), 'SIGKILL');
  });
  assertWorksAgain(t, outcome);
  t.is(outcome.held, 'reset');
});

test.serial('the API server stands still for ten seconds', async (t) => {
  const { troubled } = await openScene(t);
  const pid = labDaemon('kube-apiserver');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  const outcome = await troubled(async () => {
    process.kill(pid, 'SIGSTOP');
    await delay(10_000);
    process.kill(pid, 'SIGCONT');
  });
  assertWorksAgain(t, outcome);
  t.is(outcome.held, 'reset');
});

test.serial('the laptop is suspended for ten seconds', async (t) => {
  const { alice, troubled } = await openScene(t);
  const outcome = await troubled(async () => {
    const { pid } = JSON.parse(await alice.tpOk('status', '-o', 'json')) as { pid: number };
    process.kill(pid, 'SIGSTOP');
    await delay(10_000);
    process.kill(pid, 'SIGCONT');
  });
  assertWorksAgain(t, outcome);
  t.is(outcome.held, 'reset');
});

test.serial('kill -9 of the session process', async (t) => {
  const { alice, troubled } = await openScene(t);
  const outcome = await troubled(async () => {
    const { pid } = JSON.parse(await alice.tpOk('status', '-o', 'json')) as { pid: number };
    process.kill(pid, 'SIGKILL');
  });
  assertWorksAgain(t, outcome);
  t.is(outcome.held, 'reset');
});
