// How long does a person wait for a command? The plugin as it is shipped (bundled), on the real cluster, with agents in
// place. Run: node bench/commands.ts [rounds]

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../kubectl-tp/bundle.ts';
import { buildCode, buildEchoApp } from '../test/helpers/echo-app.ts';
import { labCluster } from '../test/helpers/lab.ts';
import { portOf } from '../test/helpers/loopback.ts';
import { install } from '../test/helpers/stage.ts';
import { createPerson } from '../test/helpers/tp.ts';
import { quantile } from './statistics.ts';

const NAMESPACE = 'team-a';
const ROUNDS = Number(process.argv[2] ?? 10);
/** Control plane, webhook and relays have run for days where people work; fresh ones are slower until V8 has compiled them. */
const WARM_UP_ROUNDS = 25;
const APPS = ['bench-first', 'bench-second'] as const;
const GOALS = { start: 100, first: 1500, second: 150, connect: 800, memoryMb: 120 };

const run = promisify(execFile);
const cluster = await labCluster();
await install(cluster);
await cluster.apply([
  buildCode(NAMESPACE),
  ...APPS.flatMap((name) =>
    buildEchoApp({
      namespace: NAMESPACE,
      name,
      image: cluster.images.product,
      replicas: 3,
      annotations: { 'kubectl-tp.dev/inject': 'enabled' },
    }),
  ),
]);
// The developer's process: it has to listen, and is never asked.
const local = createServer().listen(0, '127.0.0.1');
await once(local, 'listening');
const port = portOf(local);
const folder = await mkdtemp(join(tmpdir(), 'tp-bench-'));
await bundle(folder);
const alice = await createPerson(cluster, 'alice');
const { env } = alice;
env.PATH = `${folder}:${env.PATH}`;
env.KUBECONFIG = await writeKubeconfig();
try {
  await measure();
} finally {
  local.close();
  await alice.leave();
  await rm(folder, { recursive: true });
  for (const app of APPS) await kubectl('delete', 'deployment,service', app, '--wait=false');
}

async function measure(): Promise<void> {
  const times = { node: [], start: [], first: [], second: [], leave: [], quit: [], connect: [] } as Record<
    string,
    number[]
  >;
  const time = async (what: string, command: string, ...args: string[]) => {
    const startedAt = performance.now();
    await run(command, args, { env });
    times[what]?.push(performance.now() - startedAt);
  };
  const intercept = (app: string) => ['intercept', app, '-n', NAMESPACE, '--header', 'x-dev=bench', '-p', `${port}`];
  const [first, second] = APPS;
  let memoryMb = 0;
  await settle(intercept);
  await warmUp(intercept(second));
  for (let round = 0; round < ROUNDS; round++) {
    await time('node', 'node', '-e', '0');
    await time('start', 'kubectl-tp', '--help');
    await time('first', 'kubectl-tp', ...intercept(first));
    await time('second', 'kubectl-tp', ...intercept(second));
    memoryMb = Math.max(memoryMb, await residentMb());
    await time('leave', 'kubectl-tp', 'leave', second, '-n', NAMESPACE);
    await time('quit', 'kubectl-tp', 'quit');
    await time('connect', 'kubectl-tp', 'connect', '-n', NAMESPACE, '--', 'true');
    await run('kubectl-tp', ['quit'], { env });
  }
  const say = (what: string, name: string, goal?: number) => {
    const ms = (part: number) => `${quantile(times[name] ?? [], part).toFixed(0)} ms`;
    console.log(`${what}: median ${ms(0.5)}, worst ${ms(0.999)}${goal === undefined ? '' : `; goal ${goal} ms`}`);
  };
  say('node itself', 'node');
  say('kubectl tp --help, which every command has in it', 'start', GOALS.start);
  say('first intercept, nothing runs on the laptop', 'first', GOALS.first);
  say('second intercept', 'second', GOALS.second);
  say('leave', 'leave');
  say('quit', 'quit');
  say('connect -- true, nothing runs on the laptop', 'connect', GOALS.connect);
  console.log(`session process: ${memoryMb.toFixed(0)} MB resident at the most; goal ${GOALS.memoryMb} MB`);
}

/** Until all pods have agents and nothing rolls: applications of an earlier run may be on their way out. */
async function settle(intercept: (app: string) => string[]): Promise<void> {
  for (const app of APPS) {
    await kubectl('rollout', 'status', `deployment/${app}`, '--timeout=120s');
    await run('kubectl-tp', intercept(app), { env });
    await kubectl('rollout', 'status', `deployment/${app}`, '--timeout=120s');
  }
  await run('kubectl-tp', ['quit'], { env });
}

async function warmUp(intercept: string[]): Promise<void> {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await run('kubectl-tp', intercept, { env });
    await run('kubectl-tp', ['leave', '--all'], { env });
  }
  await run('kubectl-tp', ['quit'], { env });
}

/** As kubectl writes it, which is what people have; the lab's own is JSON. */
async function writeKubeconfig(): Promise<string> {
  const { stdout } = await run('kubectl', ['config', 'view', '--raw', '--flatten'], { env });
  const path = join(folder, 'kubeconfig');
  await writeFile(path, stdout, { mode: 0o600 });
  return path;
}

async function residentMb(): Promise<number> {
  const { pid } = await alice.status();
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function kubectl(...args: string[]): Promise<string> {
  return cluster.kubectl(['-n', NAMESPACE, ...args]);
}
