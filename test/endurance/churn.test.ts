// Many connections of a program through the whole path: interface, session process, API server, relay, Service. None
// fails, and nobody holds more at the end than at the beginning.

import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { findPodProcess } from '../helpers/lab-processes.ts';
import { type LiveHeap, liveHeapOf } from '../helpers/live-heap.ts';
import { closedPort } from '../helpers/loopback.ts';
import { medianSize, type ProcessSize, sizeOf } from '../helpers/process-size.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import { createPerson, type Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
const APP = 'busy';
const MINUTES = 5;
const PER_MINUTE = 10_000;
const CROWD = 5000;
const LOOK_EVERY_MS = 2000;
/** When all code has run, and when connections still come. */
const EARLY_MS = 60_000;
const LATE_MS = MINUTES * 60_000 - 45_000;
/** The least of them counts, the one that meets the fewest connections under way: those differ by a megabyte or two. */
const LOOKS = 3;
/** Of the 30,000 connections between early and late a hundred and forty bytes each would be more. */
const GROWTH_MB = 4;
/** Those of the connections that are just under way: a hundred and some in a second, each there for a few milliseconds. */
const GROWTH_DESCRIPTORS = 50;

/** Each connection asks once, reads the whole answer and is closed. Prints how many were answered, and what failed. */
const CHURN = `
import asyncio, json, time
answered, failed, begin = 0, {}, time.monotonic()
async def ask():
    global answered
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("${APP}", 80)
            writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200"), "no answer"
            writer.close()
            await writer.wait_closed()
            answered += 1
    except Exception as error:
        why = f"{round((time.monotonic() - begin) / 60)} min: {error!r}"
        failed[why] = failed.get(why, 0) + 1
async def main():
    tasks = set()
    for index in range(${MINUTES * PER_MINUTE}):
        await asyncio.sleep(begin + index * 60 / ${PER_MINUTE} - time.monotonic())
        task = asyncio.create_task(ask())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
asyncio.run(main())
print(json.dumps({"answered": answered, "failed": failed}))`;

/** Asks when all are open. */
const CROWD_AT_ONCE = `
import asyncio, json, resource
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
async def answered(reader, writer):
    writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
    return (await reader.read()).startswith(b"HTTP/1.1 200")
async def main():
    opened = await asyncio.gather(*[asyncio.open_connection("${APP}", 80) for _ in range(${CROWD})])
    return sum(await asyncio.gather(*[answered(*ends) for ends in opened]))
print(json.dumps(asyncio.run(main())))`;

type WatchedProcess = { readonly name: string; readonly pid: number; readonly inspectorPort?: number };
type Scene = { alice: Person; processes: readonly WatchedProcess[] };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: APP, replicas: 2 });
  const inspectorPort = await closedPort();
  const alice = await createPerson(stage.cluster, 'alice', {
    timeoutMs: (MINUTES + 2) * 60_000,
    variables: { NODE_OPTIONS: `--inspect-port=${inspectorPort}` },
  });
  t.teardown(() => alice.leave());
  // Brings the session process up, which stays for a while.
  await alice.tpOk('connect', '-q', '-n', NAMESPACE, '--', 'true');
  const { pid } = await alice.status();
  const relays = (await relayPods(stage)).map((name) => ({ name, pid: findPodProcess(name, 'relay.mjs') }));
  return { alice, processes: [{ name: 'session process', pid, inspectorPort }, ...relays] };
}

async function relayPods({ cluster }: Stage): Promise<string[]> {
  const names = ['get', 'pods', '-l', 'app.kubernetes.io/component=relay', '-o', 'jsonpath={.items[*].metadata.name}'];
  return (await cluster.kubectl(['-n', 'kubectl-tp', ...names])).split(' ');
}

/** Each process's size every now and then while `running` lasts. */
async function watchSizes({ processes }: Scene, running: Promise<unknown>): Promise<Map<string, ProcessSize[]>> {
  const sizes = new Map(processes.map(({ name }) => [name, [] as ProcessSize[]]));
  const look = () => {
    for (const { name, pid } of processes) sizes.get(name)?.push(sizeOf(pid));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    await running;
  } finally {
    clearInterval(timer);
  }
  return sizes;
}

/** What each process holds after collections: the least of some looks that begin so long from now. */
async function lookAtHeaps({ processes }: Scene, inMs: number): Promise<Map<string, LiveHeap>> {
  await delay(inMs);
  const heaps = new Map<string, LiveHeap>();
  for (const { name, pid, inspectorPort } of processes) {
    const looks: LiveHeap[] = [];
    while (looks.length < LOOKS) looks.push(await liveHeapOf(pid, inspectorPort));
    const least = (of: keyof LiveHeap) => Math.min(...looks.map((look) => look[of]));
    heaps.set(name, { heapMb: least('heapMb'), externalMb: least('externalMb') });
  }
  return heaps;
}

test.serial(`${PER_MINUTE} connections a minute for ${MINUTES} minutes leave nothing behind`, async (t) => {
  const scene = await openScene(t);
  const running = scene.alice.tpOk('connect', '-q', '-n', NAMESPACE, '--', 'python3', '-c', CHURN);
  const [sizes, early, late] = await Promise.all([
    watchSizes(scene, running),
    lookAtHeaps(scene, EARLY_MS),
    lookAtHeaps(scene, LATE_MS),
  ]);
  for (const { name } of scene.processes) {
    assertNoLivingGrowth(t, name, [early.get(name), late.get(name)]);
    assertNoOpenGrowth(t, name, sizes.get(name) ?? []);
  }
  t.deepEqual(JSON.parse(await running), { answered: MINUTES * PER_MINUTE, failed: {} });
});

function assertNoLivingGrowth(t: ExecutionContext, name: string, heaps: readonly (LiveHeap | undefined)[]): void {
  const [early = Number.NaN, late = Number.NaN] = heaps.map((heap) => heap && heap.heapMb + heap.externalMb);
  t.log(`${name}: alive ${early.toFixed(1)}, then ${late.toFixed(1)} MB`);
  t.true(late - early < GROWTH_MB, `${name}: memory`);
}

/** Resident memory is only told: a heap that V8 lets grow holds nothing. */
function assertNoOpenGrowth(t: ExecutionContext, name: string, looks: readonly ProcessSize[]): void {
  const minute = (index: number) => medianSize(looks.slice(...minuteOf(index, looks.length)));
  const [early, late] = [minute(1).descriptors, minute(MINUTES - 1).descriptors];
  const megabytes = Array.from({ length: MINUTES }, (_, index) => Math.round(minute(index).residentMb));
  t.log(`${name}: resident ${megabytes.join(', ')} MB; descriptors ${early}, ${late}`);
  t.true(late - early < GROWTH_DESCRIPTORS, `${name}: descriptors`);
}

const minuteOf = (index: number, looks: number) =>
  [Math.floor((index * looks) / MINUTES), Math.floor(((index + 1) * looks) / MINUTES)] as const;

test.serial(`${CROWD} connections at once`, async (t) => {
  const scene = await openScene(t);
  const before = scene.processes.map(({ name, pid }) => ({ name, pid, ...sizeOf(pid) }));
  const running = scene.alice.tpOk('connect', '-q', '-n', NAMESPACE, '--', 'python3', '-c', CROWD_AT_ONCE);
  const sizes = await watchSizes(scene, running);
  t.is(JSON.parse(await running), CROWD);
  for (const [name, looks] of sizes) t.log(`${name}: ${Math.round(Math.max(...looks.map((l) => l.residentMb)))} MB`);
  for (const { name, pid, descriptors } of before) {
    await waitFor(`${name} has let go`, () => sizeOf(pid).descriptors < descriptors + GROWTH_DESCRIPTORS);
  }
});
