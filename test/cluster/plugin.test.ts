// The plugin on the real cluster: commands that live with their intercept, sessions that outlive their process, and
// waits that end with their cause.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { closedPort } from '../helpers/loopback.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'plugin';
const IN = ['-n', NAMESPACE];
const SHORT = { connections: 'fresh', perSecond: 20, seconds: 1 } as const;
const MINE = { 'x-dev': 'me' };
const MATCH = ['--header', 'x-dev=me'];

type Scene = { stage: Stage; person: Person; port: string };

async function openScene(
  t: ExecutionContext,
  app: Parameters<Stage['deploy']>[0] = { name: 'echo', replicas: 2 },
): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy(app);
  const person = await stage.person('admin');
  const { port } = await stage.laptopApp('laptop');
  return { stage, person, port: String(port) };
}

const interceptNames = async ({ stage }: Scene): Promise<string[]> => {
  const names = await stage.cluster.kubectl([
    ...IN,
    'get',
    'intercepts.kubectl-tp.dev',
    '-o',
    'jsonpath={.items[*].metadata.name}',
  ]);
  return names.split(' ').filter((name) => name !== '');
};

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH
  }
}

type Running = { child: ChildProcess; said: () => string; ended: Promise<number | null> };

/** The first intercept of a workload replaces its pods, on a machine that may be busy. */
const ROLLOUT_MS = 120_000;

function startPlugin(t: ExecutionContext, { person }: Scene, ...words: string[]): Running {
  const child = spawn('kubectl-tp', words, { env: person.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      said += bytes;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  // A test that fails in between must not leave an intercept that the next one meets.
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return { child, said: () => said, ended };
}

test.serial(
  'a command gets the environment of the pod; its exit code is passed on and the intercept ends with it',
  async (t) => {
    const scene = await openScene(t);
    const file = join(scene.person.env.HOME ?? '', 'echo.env');
    const code = 'console.log(process.env.PORT, process.env.HOME); process.exit(7)';
    const run = await scene.person.tp(
      'intercept',
      'echo',
      ...IN,
      '-p',
      '1',
      ...MATCH,
      '-e',
      file,
      '--',
      'node',
      '-e',
      code,
    );
    t.is(run.code, 7, run.stderr);
    t.is(run.stdout, `8080 ${scene.person.env.HOME}\n`);
    t.deepEqual(await interceptNames(scene), []);
    const lines = (await readFile(file, 'utf8')).split('\n');
    for (const line of ['LINGER_MS=3000', 'PORT=8080']) t.true(lines.includes(line), line);
    t.is((await stat(file)).mode & 0o777, 0o600);
  },
);

test.serial('a signal reaches the command, and a killed session process is replaced while it runs', async (t) => {
  const scene = await openScene(t);
  // The command must know its port before it runs.
  const port = await closedPort();
  const code = [
    "process.on('SIGTERM', () => process.exit(9));",
    "const answer = (_, response) => response.setHeader('x-served-by', 'command').end();",
    `require('node:http').createServer(answer).listen(${port});`,
  ].join('\n');
  const running = startPlugin(
    t,
    scene,
    'intercept',
    'echo',
    ...IN,
    '-p',
    String(port),
    ...MATCH,
    '--',
    'node',
    '-e',
    code,
  );
  const served = async () => (await scene.stage.load({ app: 'echo', headers: MINE, ...SHORT })).servedBy;
  await waitFor('the command serves', async () => (await served()).command === 20, ROLLOUT_MS);
  const before = await scene.person.status();
  process.kill(before.pid, 'SIGKILL');
  await waitFor(
    'a new session process is there',
    () => /starting it again[\s\S]*Intercepting/.test(running.said()),
    ROLLOUT_MS,
  );
  await waitFor('the command serves again', async () => (await served()).command === 20);
  const after = await scene.person.status();
  t.truthy(before.session?.name);
  t.is(after.session?.name, before.session?.name);
  t.not(after.pid, before.pid);
  t.is(after.intercepts.length, 1);
  running.child.kill('SIGTERM');
  t.is(await running.ended, 9);
  t.deepEqual(await interceptNames(scene), []);
});

test.serial('the next command takes up what a killed session process held; quit leaves nothing', async (t) => {
  const scene = await openScene(t);
  const { person, stage } = scene;
  await person.tpOk('intercept', 'echo', ...IN, '-p', scene.port, ...MATCH);
  const { pid, session: { name } = { name: 'none' } } = await person.status();
  process.kill(pid, 'SIGKILL');
  const again = await person.status();
  t.is(again.session?.name, name);
  t.is(again.intercepts.length, 1);
  await waitFor('the laptop is reached again', async () => {
    const { servedBy } = await stage.load({ app: 'echo', headers: MINE, ...SHORT });
    return servedBy.laptop === 20;
  });

  await person.tpOk('quit');
  t.deepEqual(await readdir(join(person.env.HOME ?? '', 'kubectl-tp')), []);
  t.deepEqual(await interceptNames(scene), []);
  const sessions = await stage.cluster.kubectl(['-n', 'kubectl-tp', 'get', 'sessions.kubectl-tp.dev', '-o', 'name']);
  t.false(sessions.includes(name));
  await waitFor('the process is gone', () => !isRunning(again.pid), 5000);
  t.is((await person.tp('quit')).code, 0, 'quitting twice is no error');
});

test.serial(
  'the same command twice is one intercept; kubectl delete ends it here, too; leaving is idempotent',
  async (t) => {
    const scene = await openScene(t);
    const { person, stage } = scene;
    const line = ['intercept', 'echo', ...IN, '-p', scene.port, ...MATCH];
    await person.tpOk(...line);
    await person.tpOk(...line, '--fallback', 'fail');
    const [name = '', ...others] = await interceptNames(scene);
    t.deepEqual(others, []);
    const fallback = await stage.cluster.kubectl([
      ...IN,
      'get',
      'intercepts.kubectl-tp.dev',
      name,
      '-o',
      'jsonpath={.spec.fallback}',
    ]);
    t.is(fallback, 'Fail');
    await stage.cluster.kubectl([...IN, 'delete', 'intercepts.kubectl-tp.dev', name]);
    await waitFor('the session process knows', async () => (await scene.person.status()).intercepts.length === 0, 5000);
    t.regex(await person.tpOk('leave', 'echo', ...IN), /no intercept echo of yours/);
    t.regex(await person.tpOk('leave', '--all'), /nothing to leave/);
  },
);

test.serial('Ctrl-C while it waits leaves nothing', async (t) => {
  const scene = await openScene(t);
  const { kubectl } = scene.stage.cluster;
  await kubectl([...IN, 'set', 'image', 'deployment/echo', 'app=lab.local/missing:1']);
  await kubectl([...IN, 'scale', 'deployment/echo', '--replicas=0']);
  const running = startPlugin(t, scene, 'intercept', 'echo', ...IN, '-p', scene.port, ...MATCH);
  await waitFor('it waits', async () => (await interceptNames(scene)).length === 1, ROLLOUT_MS);
  running.child.kill('SIGINT');
  t.is(await running.ended, 130);
  t.deepEqual(await interceptNames(scene), []);
});

type Trouble = { prepare: readonly (readonly string[])[]; code: string; says: RegExp };

const hopeless = test.macro(async (t, { prepare, code, says }: Trouble) => {
  const scene = await openScene(t, { name: 'echo', replicas: 1 });
  const { kubectl } = scene.stage.cluster;
  for (const words of prepare) await kubectl([...IN, ...words]);
  t.teardown(() => kubectl([...IN, 'delete', 'quota', '--all']));
  const run = await scene.person.tp('intercept', 'echo', ...IN, '-p', scene.port, ...MATCH);
  t.is(run.code, 3, run.stderr);
  t.regex(run.stderr, new RegExp(`\\(${code}\\)\\n$`));
  t.regex(run.stderr, says);
  t.deepEqual(await interceptNames(scene), []);
});

test.serial('a paused workload', hopeless, {
  prepare: [['rollout', 'pause', 'deployment/echo']],
  code: 'WORKLOAD_PAUSED',
  says: /kubectl .*rollout resume/,
});
test.serial('no pod at all', hopeless, {
  prepare: [
    ['scale', 'deployment/echo', '--replicas=0'],
    ['wait', 'pod', '-l', 'app=echo', '--for=delete', '--timeout=60s'],
  ],
  code: 'NO_READY_PODS',
  says: /kubectl scale/,
});
test.serial('a quota', hopeless, {
  // The echo pod and the pod that makes load are there already.
  prepare: [['create', 'quota', 'small', '--hard=pods=2']],
  code: 'POD_REFUSED',
  says: /exceeded quota: small/,
});
test.serial('an image that cannot be pulled', hopeless, {
  prepare: [
    ['set', 'image', 'deployment/echo', 'app=lab.local/missing:1'],
    ['patch', 'deployment/echo', '-p', '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'],
    ['wait', 'deployment/echo', '--for=condition=Available=false', '--timeout=60s'],
  ],
  code: 'IMAGE_PULL',
  says: /lab\.local\/missing:1/,
});
