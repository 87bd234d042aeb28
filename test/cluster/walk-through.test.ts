// What a user of Telepresence types, line by line, with `kubectl tp`. It reads like a table: the habit, our line, what
// comes of it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { capture } from '../../lab/shell.ts';
import { buildDatabase } from '../helpers/database.ts';
import { createLaptopPerson } from '../helpers/laptop-person.ts';
import { closedPort } from '../helpers/loopback.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { buildWebshop } from '../helpers/webshop.ts';

const NAMESPACE = 'walk';
const IN = ['-n', NAMESPACE];
const SERVICE = 'svc';
/** A pod that failed its probes for this long would not be ready any more (three of them, one a second). */
const BREAKPOINT_MS = 6000;
/** Stands for ./build/SVC: an HTTP server on the port that it is told by `--port`. */
const BUILD = [
  process.execPath,
  '-e',
  `const port = Number(process.argv.at(-1));
   const answer = JSON.stringify({ servedBy: 'laptop', mode: process.env.MODE, password: process.env.PASSWORD });
   require('http').createServer((_, response) => response.end(answer)).listen(port);
   setTimeout(() => process.exit(7), Number(process.env.BUILD_ENDS_MS ?? 60_000));`,
  '--',
  '--port',
];

type Scene = {
  stage: Stage;
  person: Person;
  answers: () => Promise<string>;
  /** One pod is replaced by another now and then: a request may meet neither. */
  servedBy: (who: 'laptop' | 'pod') => Promise<void>;
};

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  const { cluster } = stage;
  await cluster.apply(buildWebshop({ namespace: NAMESPACE, name: SERVICE, image: cluster.images.product }));
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'deployment,service,configmap,secret', SERVICE]));
  await cluster.kubectl([...IN, 'rollout', 'status', `deployment/${SERVICE}`, '--timeout=60s']);
  const person = await stage.person('admin');
  const fetch = `wget -qO- http://${SERVICE}.${NAMESPACE}/`;
  const answers = () => cluster.kubectl([...IN, 'exec', 'load', '--', 'sh', '-c', fetch]);
  const servedBy: Scene['servedBy'] = (who) =>
    waitFor(`the ${who} answers`, async () => {
      const answer = await answers().catch(() => undefined);
      return answer !== undefined && isLaptop(answer) === (who === 'laptop');
    }).then(() => undefined);
  return { stage, person, answers, servedBy };
}

const isLaptop = (answer: string) => answer.includes('"servedBy":"laptop"');

test.serial('version 2: install, connect, names, psql, status, list', async (t) => {
  const { stage, person } = await openScene(t);
  const { cluster } = stage;
  const { product, agent } = cluster.images;
  // telepresence helm install
  t.regex(await person.tpOk('helm', 'install', '--image', product, '--agent-image', agent), /works in namespace/);
  // telepresence connect
  const laptop = await createLaptopPerson(t, cluster, 'admin');
  await laptop.typeOk(`kubectl config set-context --current --namespace ${NAMESPACE}`);
  t.regex(await laptop.typeOk('kubectl tp connect'), /This laptop is in the network of the cluster/);
  // nslookup svc, svc.ns, svc.ns.svc.cluster.local
  for (const name of [SERVICE, `${SERVICE}.${NAMESPACE}`, `${SERVICE}.${NAMESPACE}.svc.cluster.local`]) {
    t.regex(await laptop.typeOk(`nslookup ${name}`), /^Address: 10\.96\./m, name);
    t.regex(await laptop.typeOk(`getent hosts ${name}`), /^10\.96\./, name);
  }
  // psql to the cluster's database
  await cluster.apply(buildDatabase({ namespace: NAMESPACE, name: 'postgres', image: await cluster.databaseImage() }));
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'pod,service', 'postgres', '--now']));
  await cluster.kubectl([...IN, 'wait', 'pod/postgres', '--for=condition=Ready', '--timeout=60s']);
  const psql = `psql --user postgres --host postgres -Atc 'select 6 * 7'`;
  t.is((await laptop.typeOk(psql)).trim(), '42');
  // telepresence status, list
  t.regex(await laptop.typeOk('kubectl tp status'), / connect +\S+ accepted in /);
  t.regex(await laptop.typeOk('kubectl tp list'), /No intercepts|NAMESPACE/);
  // telepresence quit
  t.regex(await laptop.typeOk('kubectl tp quit'), /Session ended/);
  t.is((await laptop.type(`getent hosts ${SERVICE}`)).code, 2, 'no such name any more');
});

test.serial('version 2: intercept with a file, with ports, with a program; leave; agents out; quit', async (t) => {
  const { stage, person, answers, servedBy } = await openScene(t);
  const port = await closedPort();
  const file = join(person.env.HOME ?? '', `${SERVICE}.env`);
  // telepresence intercept SVC --port LOCAL:SVCPORT --env-file SVC.env, and then the process that is given the file
  const ports = `${port}:80`;
  await person.tpOk('intercept', SERVICE, ...IN, '--port', ports, '--env-file', file, '--env-syntax', 'sh');
  t.false(isLaptop(await answers()), 'the pod, as long as nobody listens');
  await stage.laptopApp('laptop', port);
  t.true(isLaptop(await answers()));
  // `source` takes the file
  t.is(await capture('sh', ['-c', `. ${file}; printf '%s' "$MODE $PASSWORD"`]), 'production pa$$ word');
  // volumes under $TELEPRESENCE_ROOT and $TP_ROOT
  const roots = await capture('sh', ['-c', `. ${file}; printf '%s' "$TP_ROOT $TELEPRESENCE_ROOT"`]);
  const [root = '', other = ''] = roots.split(' ');
  t.is(root, other);
  t.is(await readFile(join(root, 'etc/settings/app.conf'), 'utf8'), 'color = blue\n');
  t.true((await readFile(join(root, 'var/run/secrets/kubernetes.io/serviceaccount/token'), 'utf8')).length > 100);
  // telepresence leave SVC
  await person.tpOk('leave', SERVICE, ...IN);
  await servedBy('pod');

  // telepresence intercept SVC -- path/to/bin
  const run = person.tp(
    'intercept',
    SERVICE,
    ...IN,
    '-p',
    '18080:80',
    '--',
    'env',
    'BUILD_ENDS_MS=4000',
    ...BUILD,
    '18080',
  );
  await servedBy('laptop');
  t.regex(await answers(), /"mode":"production","password":"pa\$\$ word"/);
  t.is((await run).code, 7);
  await servedBy('pod');

  // telepresence uninstall --agent SVC, --all-agents
  await person.tpOk('uninstall', '--agent', SERVICE, ...IN);
  await person.tpOk('uninstall', '--all-agents');
  const containers = await stage.cluster.kubectl([
    ...IN,
    'get',
    'pods',
    '-l',
    `app=${SERVICE}`,
    '-o',
    'jsonpath={..name}',
  ]);
  t.notRegex(containers, /tp-agent/);
  // telepresence quit -s
  t.regex(await person.tpOk('quit', '-s'), /Session ended/);
});

test.serial('version 1: swap a deployment, run a program, a debugger, a shell', async (t) => {
  const { stage, person, answers, servedBy } = await openScene(t);
  // telepresence --namespace dev --swap-deployment SVC --expose 18081:80 --run ./build/SVC --port 18081
  const swap = person.tp(
    'replace',
    SERVICE,
    ...IN,
    '-p',
    '18081:80',
    '--',
    'env',
    'BUILD_ENDS_MS=6000',
    ...BUILD,
    '18081',
  );
  await servedBy('laptop');
  // Probes stay green: the pod is asked, not the laptop.
  const ready = `jsonpath={.status.readyReplicas}`;
  t.is(await stage.cluster.kubectl([...IN, 'get', 'deployment', SERVICE, '-o', ready]), '1');
  for (let request = 0; request < 10; request += 1) t.true(isLaptop(await answers()));
  t.is((await swap).code, 7);
  await servedBy('pod');

  // ... --env-file tp.env, then the debugger with that file
  const laptop = await stage.laptopApp('laptop');
  const file = join(person.env.HOME ?? '', 'tp.env');
  await person.tpOk('replace', SERVICE, ...IN, '-p', `${laptop.port}:80`, '--env-file', file);
  t.regex(await readFile(file, 'utf8'), /^MODE=production$/m);
  await servedBy('laptop');
  // At a breakpoint: whoever asked waits, and probes, one a second, stay green.
  const goOn = laptop.standStill();
  const waiting = answers().then(isLaptop, () => false);
  t.is(await Promise.race([waiting, delay(BREAKPOINT_MS, 'waits')]), 'waits');
  t.is(await stage.cluster.kubectl([...IN, 'get', 'deployment', SERVICE, '-o', ready]), '1');
  goOn();
  t.true(await waiting);
  await person.tpOk('leave', SERVICE, ...IN);
  await servedBy('pod');

  // ... --run-shell
  const shell = ['sh', '-c', 'echo "$MODE in $TELEPRESENCE_CONTAINER"'];
  t.is((await person.tpOk('replace', SERVICE, ...IN, '-p', '18082:80', '--', ...shell)).trim(), 'production in app');
  // telepresence --namespace=local --run-shell
  t.regex(await person.tpOk('connect', ...IN, '--', 'sh', '-c', `getent hosts ${SERVICE}`), /^10\.96\./);
});
