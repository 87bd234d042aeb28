// Commands in a pod's place that work with its live files: what the pod writes they answer with, and what they write
// arrives in the pod.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { mountedBelow } from '../../kubectl-tp/src/volumes/live/mounted-below.ts';
import { LOAD_POD } from '../helpers/echo-app.ts';
import { closedPort } from '../helpers/loopback.ts';
import { mountingPerson } from '../helpers/mounting-person.ts';
import { collectOutput } from '../helpers/processes.ts';
import { openStage } from '../helpers/stage.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'commands';
const IN = ['-n', NAMESPACE];
const APP = 'echo';
const PLACE = '/srv/tp-keep';
/** The pods of the target are replaced by such with an agent first. */
const START_MS = 90_000;

/** Answers with `seen` of the folder; what is put goes to `new`. `$1` is the folder, `$2` the port. */
const PROGRAM = `
const fs = require('node:fs');
const [folder, port] = process.argv.slice(1);
require('node:http').createServer(async (request, response) => {
  try {
    if (request.method === 'PUT') fs.writeFileSync(folder + '/new', (await request.toArray()).join(''));
    response.end(fs.readFileSync(folder + '/seen'));
  } catch (error) {
    response.writeHead(500).end(error.code);
  }
}).listen(Number(port));`;

async function openScene(t: ExecutionContext) {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: APP, replicas: 1, volumeAt: PLACE });
  const person = await mountingPerson(stage);
  const inPod = (script: string) =>
    stage.cluster.kubectl([...IN, 'exec', `deployment/${APP}`, '-c', 'app', '--', 'sh', '-c', script]);

  /** A request from inside the cluster. */
  async function ask(how: { method?: string; body?: string; headers?: Record<string, string> } = {}): Promise<string> {
    const code = `fetch('http://${APP}', ${JSON.stringify(how)}).then(async (r) => console.log(await r.text()))`;
    return (await stage.cluster.kubectl([...IN, 'exec', LOAD_POD, '--', 'node', '-e', code])).trim();
  }

  /** Resolves once requests come to the command, with what ends it. */
  async function run(words: readonly string[], command: readonly string[], headers = {}) {
    const child = spawn('kubectl-tp', [...words, ...IN, '--', ...command], {
      env: person.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { ended } = collectOutput(child);
    t.teardown(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    // The file is not there yet: the program's own answer.
    const isServing = async () => {
      if (child.exitCode !== null)
        throw new Error(`the command ended with ${child.exitCode}:\n${(await ended).stderr}`);
      return (await ask({ headers }).catch(() => '')) === 'ENOENT';
    };
    await waitFor('the command serves', isServing, START_MS);
    return async () => {
      child.kill('SIGTERM');
      await ended;
    };
  }

  return { person, inPod, ask, run };
}

test.serial(
  'intercept -- CMD: files of the pod at their own path, as they are written; not to be written',
  async (t) => {
    const { inPod, ask, run } = await openScene(t);
    const headers = { 'x-dev': 'me' };
    const words = ['intercept', APP, '--header', 'x-dev=me', '--network', 'cluster', '-p', '8080'];
    const end = await run(words, ['node', '-e', PROGRAM, PLACE, '8080'], headers);
    await inPod(`echo from the pod > ${PLACE}/seen`);
    await waitFor('the file', async () => (await ask({ headers })) === 'from the pod');
    t.is(await ask({ method: 'PUT', body: 'x', headers }), 'EROFS');
    t.regex(await ask(), /echo-/, 'a bystander is answered by the pod');
    await end();
    t.is(await inPod(`ls ${PLACE}`), 'seen\n');
  },
);

test.serial('replace -- CMD --mount FOLDER:rw: what it writes arrives in the pod and stays there', async (t) => {
  const { person, inPod, ask, run } = await openScene(t);
  const root = join(person.env.HOME ?? '', 'files');
  const port = `${await closedPort()}`;
  const words = ['replace', APP, '--network', 'laptop', '-p', `${port}:80`, '--mount', `${root}:rw`];
  const end = await run(words, ['sh', '-c', `exec node -e "$0" "$TP_ROOT${PLACE}" ${port}`, PROGRAM]);
  await inPod(`echo from the pod > ${PLACE}/seen`);
  await waitFor('the file', async () => (await ask()) === 'from the pod');
  t.is(await ask({ method: 'PUT', body: 'from the laptop' }), 'from the pod');
  t.is(await inPod(`cat ${PLACE}/new`), 'from the laptop');
  await end();
  t.deepEqual(await mountedBelow(root), []);
  t.is(await inPod(`cat ${PLACE}/new`), 'from the laptop');
});
