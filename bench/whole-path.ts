// What an intercept costs on the real cluster: one application asked directly, through an idle agent, as a bystander
// beside an intercept, and intercepted; at last intercepted with relays that the laptop reaches without the API server.
// All in one run, so that the ratios hold on a noisy machine.
// Run: node bench/whole-path.ts [seconds per figure]

import { spawn } from 'node:child_process';
import type { Measured, MeasurePlan } from '../test/apps/measure.ts';
import { openDirectWay } from '../test/helpers/direct-way.ts';
import { buildCode, buildEchoApp, buildLoadPod, LOAD_POD } from '../test/helpers/echo-app.ts';
import { labCluster } from '../test/helpers/lab.ts';
import { install } from '../test/helpers/stage.ts';
import { createPerson } from '../test/helpers/tp.ts';
import { waitFor } from '../test/helpers/wait-for.ts';
import { median } from './statistics.ts';

const NAMESPACE = 'team-a';
const SECONDS = Number(process.argv[2] ?? 5);
const ROUNDS = 3;
const TRANSFER_BYTES = 200 << 20;
/** The same figures of a well-known tool of this kind, on this kind of machine and cluster, whole port intercepted. */
const RIVAL = { p50Ms: 1.6, p99Ms: 10, one: 494, sixteen: 1530, fresh: 263, download: 48, upload: 53 };

/** `base`: the way that its ratios are taken against. */
type Way = { name: string; app: string; headers?: Record<string, string>; base?: string };
const WAYS: readonly Way[] = [
  { name: 'direct', app: 'bench-plain' },
  { name: 'idle agent', app: 'bench-idle', base: 'direct' },
  { name: 'bystander', app: 'bench-held', base: 'direct' },
  { name: 'intercepted', app: 'bench-held', headers: { 'x-dev': 'bench' }, base: 'direct' },
  { name: "Node's HTTP server, direct", app: 'bench-usual' },
  { name: "Node's HTTP server, idle agent", app: 'bench-usual-idle', base: "Node's HTTP server, direct" },
];
/** Measured behind the others, as the relays change for it. */
const DIRECT: Way = {
  name: 'intercepted, without the API server',
  app: 'bench-held',
  headers: { 'x-dev': 'bench' },
  base: 'direct',
};
type Figures = typeof RIVAL & { readonly pacedP50Ms?: number };
/** What callers do where nobody measures: nothing waits for a processor then. */
const PACE_PER_SECOND = 1000;

const cluster = await labCluster();
await install(cluster);
const image = cluster.images.product;
const shared = { namespace: NAMESPACE, image, replicas: 1, program: 'fast' } as const;
const inject = { annotations: { 'kubectl-tp.dev/inject': 'enabled' } };
await cluster.apply([
  buildCode(NAMESPACE),
  buildLoadPod(NAMESPACE, image),
  ...buildEchoApp({ ...shared, name: 'bench-plain' }),
  ...buildEchoApp({ ...shared, ...inject, name: 'bench-idle' }),
  ...buildEchoApp({ ...shared, ...inject, name: 'bench-held' }),
  ...buildEchoApp({ ...shared, program: 'echo', name: 'bench-usual' }),
  ...buildEchoApp({ ...shared, ...inject, program: 'echo', name: 'bench-usual-idle' }),
]);
for (const { app } of WAYS) await kubectl('rollout', 'status', `deployment/${app}`, '--timeout=120s');
await kubectl('wait', `pod/${LOAD_POD}`, '--for=condition=Ready', '--timeout=60s');

const fast = new URL('../test/apps/fast.ts', import.meta.url).pathname;
const laptop = spawn(process.execPath, [fast], { env: { ...process.env, HOST: '127.0.0.1', PORT: '0' } });
let said = '';
laptop.stdout.on('data', (bytes: Buffer) => {
  said += bytes;
});
const port = (await waitFor('the laptop listens', () => /listens on (\d+)/.exec(said) ?? undefined))[1] ?? '';
const alice = await createPerson(cluster, 'alice');
let closeDirectWay: (() => Promise<void>) | undefined;
try {
  await intercept();
  const medians = await measureWays(WAYS);
  await alice.tpOk('quit');
  closeDirectWay = await openDirectWay(cluster);
  await intercept();
  const direct = await measureWays([DIRECT]);
  const { relays } = await alice.status();
  for (const [name, figures] of direct) medians.set(name, figures);
  for (const { name, base = '' } of [...WAYS, DIRECT]) print(name, medians.get(name), medians.get(base));
  print('rival, intercepted', RIVAL, undefined);
  console.log(`ways to the relays at the end: ${relays.map(({ way }) => way).join(', ')}`);
} finally {
  laptop.kill();
  await alice.leave();
  await closeDirectWay?.();
  for (const app of new Set(WAYS.map((way) => way.app)))
    await kubectl('delete', 'deployment,service', app, '--wait=false');
}

function intercept(): Promise<string> {
  return alice.tpOk('intercept', 'bench-held', '--header', 'x-dev=bench', '--port', port);
}

async function measureWays(ways: readonly Way[]): Promise<Map<string, Figures>> {
  const rounds = new Map<string, Figures[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ways) rounds.get(way.name)?.push(await measureWay(way));
  }
  return new Map([...rounds].map(([name, all]) => [name, medianFigures(all)]));
}

async function measureWay({ app, headers = {} }: Way): Promise<Figures> {
  const to = { host: `${app}.${NAMESPACE}`, port: 80, headers };
  const requests = (what: 'keep-alive' | 'fresh', connections: number) =>
    measureInCluster({ ...to, what, connections, seconds: SECONDS });
  const one = await requests('keep-alive', 1);
  const paced = await measureInCluster({
    ...to,
    what: 'keep-alive',
    connections: 16,
    seconds: SECONDS,
    perSecond: PACE_PER_SECOND,
  });
  if (paced.perSecond < PACE_PER_SECOND * 0.95) console.log(`${app}: only ${paced.perSecond.toFixed(0)}/s at a pace`);
  return {
    pacedP50Ms: paced.p50Ms,
    p50Ms: one.p50Ms,
    p99Ms: one.p99Ms,
    one: one.perSecond,
    sixteen: (await requests('keep-alive', 16)).perSecond,
    fresh: (await requests('fresh', 16)).perSecond,
    download: (await measureInCluster({ ...to, what: 'download', bytes: TRANSFER_BYTES })).megabytesPerSecond,
    upload: (await measureInCluster({ ...to, what: 'upload', bytes: TRANSFER_BYTES })).megabytesPerSecond,
  };
}

async function measureInCluster(plan: MeasurePlan): Promise<Measured> {
  const measured = JSON.parse(
    await kubectl('exec', LOAD_POD, '--', 'node', '/app/test-apps/measure.ts', JSON.stringify(plan)),
  ) as Measured;
  if (measured.failed > 0) console.log(`${measured.failed} of ${measured.count} failed: ${JSON.stringify(plan)}`);
  return measured;
}

function medianFigures(all: readonly Figures[]): Figures {
  const middle = (key: keyof Figures) => median(all.map((figures) => figures[key] ?? Number.NaN));
  return {
    pacedP50Ms: middle('pacedP50Ms'),
    p50Ms: middle('p50Ms'),
    p99Ms: middle('p99Ms'),
    one: middle('one'),
    sixteen: middle('sixteen'),
    fresh: middle('fresh'),
    download: middle('download'),
    upload: middle('upload'),
  };
}

function print(name: string, figures: Figures | undefined, base: Figures | undefined): void {
  if (figures === undefined) return;
  const part = (key: keyof Figures, unit: string, digits = 0) => {
    const value = figures[key];
    if (value === undefined) return 'not known';
    const ratio = base?.[key] ? ` (${(value / base[key]).toFixed(2)}x)` : '';
    return `${value.toFixed(digits)}${ratio} ${unit}`;
  };
  const requests = `p50 ${part('p50Ms', 'ms', 2)}, at ${PACE_PER_SECOND}/s ${part('pacedP50Ms', 'ms', 2)}, p99 ${part('p99Ms', 'ms', 1)}, ${part('one', '/s on 1')}, ${part('sixteen', '/s on 16')}`;
  console.log(
    `${name}: ${requests}, ${part('fresh', 'fresh/s')}, ${part('download', 'MB/s down')}, ${part('upload', 'MB/s up')}`,
  );
}

function kubectl(...args: string[]): Promise<string> {
  return cluster.kubectl(['-n', NAMESPACE, ...args]);
}
