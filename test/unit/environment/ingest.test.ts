// `kubectl tp env` and `kubectl tp ingest` as people type them, against an API server that gives what they need.

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Answers, refusal, startScriptedApi } from '../../helpers/scripted-api.ts';
import { parseStatus } from '../../helpers/tp.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { createPlugin, type Plugin } from '../kubectl-tp/run-plugin.ts';

const SHOP = '/api/v1/namespaces/shop';
const list = (...items: object[]) => ({ status: 200, body: { metadata: { resourceVersion: '1' }, items } });
const CONTAINER = {
  name: 'app',
  env: [
    { name: 'GREETING', value: 'hello $(DB_SERVICE_HOST)' },
    { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } },
    { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
    { name: 'LINES', value: 'one\ntwo' },
  ],
  volumeMounts: [
    { name: 'settings', mountPath: '/etc/settings' },
    { name: 'scratch', mountPath: '/scratch' },
  ],
};
const POD = {
  metadata: { name: 'orders-1', namespace: 'shop', labels: { app: 'orders' } },
  spec: {
    containers: [CONTAINER, { name: 'other', env: [{ name: 'OTHER', value: 'yes' }] }],
    volumes: [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'scratch', emptyDir: {} },
    ],
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};
const DB = { metadata: { name: 'db', namespace: 'shop' }, spec: { clusterIP: '10.96.0.5', ports: [{ port: 5432 }] } };
const ORDERS = { metadata: { name: 'orders', namespace: 'shop' }, spec: { selector: { app: 'orders' }, ports: [] } };
const FORBIDDEN = refusal(
  403,
  'Forbidden',
  'secrets "login" is forbidden: User "ann" cannot get resource "secrets" in API group "" in the namespace "shop"',
);
const ANSWERS: Answers = {
  [`GET ${SHOP}`]: { status: 200, body: { metadata: { name: 'shop' } } },
  [`GET ${SHOP}/services/orders`]: { status: 200, body: ORDERS },
  [`GET ${SHOP}/services`]: list(DB),
  [`GET ${SHOP}/pods`]: list(POD),
  [`GET ${SHOP}/configmaps/settings`]: {
    status: 200,
    body: { metadata: { name: 'settings', namespace: 'shop' }, data: { level: 'debug' } },
  },
  [`GET ${SHOP}/secrets/login`]: FORBIDDEN,
};

type Scene = { plugin: Plugin; folder: string };

async function createScene(t: ExecutionContext, answers: Answers = ANSWERS): Promise<Scene> {
  const api = await startScriptedApi(t, answers);
  const folder = await mkdtemp(join(tmpdir(), 'tp-ingest-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const plugin = await createPlugin(t, { KUBECONFIG: api.kubeconfig, TP_SESSION_IDLE: '1m' });
  t.teardown(async () => void (await plugin.run('quit')));
  return { plugin, folder };
}

test('env prints the variables, and names those it could not get', async (t) => {
  const { plugin } = await createScene(t);
  const run = await plugin.run(
    'env',
    'orders',
    '--env-include',
    '*E*',
    '--env-exclude',
    'DB_*',
    '--env-exclude',
    'KUBERNETES_*',
    '--env-override',
    'X=1',
  );
  t.is(run.code, 0, run.stderr);
  t.is(run.stdout, 'GREETING=hello 10.96.0.5\nLEVEL=debug\nX=1\n');
  t.regex(run.stderr, /lacks SECRET: .*User "ann" may not get secrets in namespace shop/);
  t.regex(run.stderr, /left out LINES: the syntax docker can't hold it/);
  const json = await plugin.run('env', 'orders', '--env-syntax', 'json', '-q');
  t.like(JSON.parse(json.stdout), {
    LINES: 'one\ntwo',
    DB_PORT_5432_TCP_ADDR: '10.96.0.5',
    // Ann may not look into `default`.
    KUBERNETES_SERVICE_HOST: 'kubernetes.default.svc',
    KUBERNETES_SERVICE_PORT: '443',
  });
  await plugin.leavesNothing();
});

test('env knows other containers, and says which there are', async (t) => {
  const { plugin } = await createScene(t);
  const other = await plugin.run('env', 'orders', '-c', 'other', '--env-include', 'OTHER', '--env-syntax', 'sh');
  t.is(other.stdout, "export OTHER='yes'\n");
  const wrong = await plugin.run('env', 'orders', '-c', 'apps');
  t.is(wrong.code, 4);
  t.regex(wrong.stderr, /Pod orders-1 has no container apps[\s\S]*app\|other[\s\S]*CONTAINER_NOT_FOUND/);
  const none = await plugin.run('env', 'deployment/orders');
  t.is(none.code, 4);
  t.regex(none.stderr, /TARGET_NOT_FOUND/);
});

test('without pods there is nothing to read', async (t) => {
  const { plugin } = await createScene(t, { ...ANSWERS, [`GET ${SHOP}/pods`]: list() });
  for (const verb of ['env', 'ingest']) {
    const { code, stderr } = await plugin.run(verb, 'orders');
    t.is(code, 3);
    t.regex(stderr, /orders in shop has no pod[\s\S]*NO_READY_PODS/);
  }
});

test('a command has the environment and the files, and its end takes them away', async (t) => {
  const { plugin, folder } = await createScene(t);
  const script = `
    const { readFileSync } = require('node:fs');
    const { TP_ROOT, TELEPRESENCE_ROOT, TELEPRESENCE_MOUNTS, TELEPRESENCE_CONTAINER, LEVEL, PATH } = process.env;
    const level = readFileSync(TP_ROOT + '/etc/settings/level', 'utf8');
    console.log(JSON.stringify({ TP_ROOT, TELEPRESENCE_ROOT, TELEPRESENCE_MOUNTS, TELEPRESENCE_CONTAINER, LEVEL, PATH, level }));
    process.exit(7);`;
  const file = join(folder, 'env');
  const flags = ['--env-file', file, '--env-syntax', 'sh', '--env-json', `${file}.json`];
  const run = await plugin.run('ingest', 'orders', ...flags, '--', process.execPath, '-e', script);
  t.is(run.code, 7, run.stderr);
  const got = JSON.parse(run.stdout) as Record<string, string>;
  t.like(got, {
    TELEPRESENCE_ROOT: got.TP_ROOT,
    TELEPRESENCE_MOUNTS: '/etc/settings',
    TELEPRESENCE_CONTAINER: 'app',
    LEVEL: 'debug',
    PATH: process.env.PATH,
    level: 'debug',
  });
  // An ingest needs no cluster part, so it does without the network that only that can give.
  t.regex(run.stderr, /So the command is in the laptop's network/);
  t.regex(
    run.stderr,
    /the files lack volume scratch \(\/scratch\): Service orders in shop has no pod with these volumes/,
  );
  await t.throwsAsync(stat(got.TP_ROOT ?? ''), { code: 'ENOENT' });
  t.regex(await readFile(file, 'utf8'), /^export LEVEL='debug'$/m);
  t.is((await stat(file)).mode & 0o777, 0o600);
  t.like(JSON.parse(await readFile(`${file}.json`, 'utf8')), { LEVEL: 'debug', TP_ROOT: got.TP_ROOT });
  await plugin.run('quit');
  await plugin.leavesNothing();
});

test('without a command the files stay until leave, or quit', async (t) => {
  const { plugin, folder } = await createScene(t);
  const root = join(folder, 'files');
  const { code, stdout } = await plugin.run('ingest', 'orders', '--mount', root);
  t.is(code, 0);
  t.true(stdout.includes(root), stdout);
  t.is(await readFile(join(root, 'etc/settings/level'), 'utf8'), 'debug');
  t.regex((await plugin.run('leave', 'orders')).stdout, /Left orders in shop/);
  await t.throwsAsync(stat(root), { code: 'ENOENT' });
  await plugin.run('ingest', 'orders', '--mount', root);
  t.is(await readFile(join(root, 'etc/settings/level'), 'utf8'), 'debug');
  await plugin.run('quit');
  await t.throwsAsync(stat(root), { code: 'ENOENT' });
  await plugin.leavesNothing();
});

test('files of a killed session process are known to the next one', async (t) => {
  const { plugin, folder } = await createScene(t);
  const root = join(folder, 'files');
  const ingest = async () => {
    t.is((await plugin.run('ingest', 'orders', '--mount', root)).code, 0);
    const { stdout } = await plugin.run('status', '-o', 'json');
    const { pid, ingests } = parseStatus(stdout);
    t.deepEqual(ingests, [{ namespace: 'shop', target: 'orders', root }]);
    process.kill(pid, 'SIGKILL');
    await waitFor('it is gone', () => !isRunning(pid));
  };
  await ingest();
  t.regex((await plugin.run('leave', 'orders')).stdout, /Left orders in shop/);
  await t.throwsAsync(stat(root), { code: 'ENOENT' });
  await ingest();
  t.is((await plugin.run('quit')).code, 0);
  await t.throwsAsync(stat(root), { code: 'ENOENT' });
});

test('a folder that is in use is refused, with the next step', async (t) => {
  const { plugin } = await createScene(t);
  const { code, stderr } = await plugin.run('ingest', 'orders', '--mount', process.cwd());
  t.is(code, 2);
  t.regex(stderr, /it is not empty[\s\S]*--mount false[\s\S]*BAD_MOUNT/);
  const without = await plugin.run(
    'ingest',
    'orders',
    '--mount',
    'false',
    '--network',
    'laptop',
    '--',
    'printenv',
    'LEVEL',
    'TP_ROOT',
  );
  t.is(without.stdout, 'debug\n', 'there is no TP_ROOT');
  t.notRegex(without.stderr, /the laptop's network/);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
