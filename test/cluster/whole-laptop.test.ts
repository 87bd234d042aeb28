// The whole laptop in the network of a real cluster, by what a person types into an ordinary shell: programs of all
// kinds find everything, and whatever ends, the laptop is as it was before.

import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { buildDatabase } from '../helpers/database.ts';
import { APP_PORT } from '../helpers/echo-app.ts';
import { OUTSIDE_NAME, ROUTER } from '../helpers/laptop-namespace.ts';
import { createLaptopPerson, type LaptopPerson } from '../helpers/laptop-person.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
const IN = ['-n', NAMESPACE];
const CURL = 'curl -sS --fail --max-time 10';

type Scene = { stage: Stage; alice: LaptopPerson };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  await stage.deploy({ name: 'echo', replicas: 2 });
  return { stage, alice: await createLaptopPerson(t, stage.cluster, 'alice') };
}

test.serial('names, a database, Services, pods and a headless name, for programs of all kinds', async (t) => {
  const { stage, alice } = await openScene(t);
  const { cluster } = stage;
  await cluster.apply([
    ...buildDatabase({ namespace: NAMESPACE, name: 'db', image: await cluster.databaseImage() }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'headless', namespace: NAMESPACE },
      spec: { clusterIP: 'None', selector: { app: 'echo' }, ports: [{ port: APP_PORT }] },
    },
  ]);
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'pod/db', 'service/db', 'service/headless', '--now']));
  await cluster.kubectl([...IN, 'wait', 'pod/db', '--for=condition=Ready', '--timeout=60s']);
  const ask = async (path: string) => (await cluster.kubectl([...IN, 'get', ...path.split(' ')])).trim();
  const address = await ask('service db -o jsonpath={.spec.clusterIP}');
  const pods = (await ask('pods -l app=echo -o jsonpath={.items[*].status.podIP}')).split(' ').toSorted();
  const machine = await lookAtMachine();
  const before = await alice.snapshot();

  t.regex(await alice.typeOk('kubectl tp connect -n team-a'), /This laptop is in the network of the cluster/);
  const found = new RegExp(`^Address: ${address.replaceAll('.', '\\.')}$`, 'm');
  for (const name of ['db', 'db.team-a', 'db.team-a.svc', 'db.team-a.svc.cluster.local']) {
    t.regex(await alice.typeOk(`nslookup ${name}`), found, name);
    t.true((await alice.typeOk(`getent ahostsv4 ${name}`)).startsWith(`${address} `), name);
  }
  const headless = await alice.typeOk('getent ahostsv4 headless | cut -d" " -f1 | sort -u');
  t.deepEqual(headless.trim().split('\n').toSorted(), pods);
  t.is((await alice.typeOk(`psql -h db -U postgres -Atc 'select 6 * 7'`)).trim(), '42');
  for (const host of ['echo', `${pods[0]}:${APP_PORT}`, `headless:${APP_PORT}`]) {
    t.regex(await alice.typeOk(`${CURL} http://${host}/`), /"servedBy":"echo-/, host);
  }
  const python = `import urllib.request as u; print(u.urlopen("http://echo.team-a/").read())`;
  t.regex(await alice.typeOk(`python3 -c '${python}'`), /"servedBy":"echo-/);
  const node = `fetch("http://echo.team-a.svc/").then((r) => r.text()).then(console.log)`;
  t.regex(await alice.typeOk(`node -e '${node}'`), /"servedBy":"echo-/);
  // kubectl is a static Go program with a resolver of its own.
  const go = 'kubectl get --raw /version --server https://kubernetes.default.svc --tls-server-name kubernetes';
  t.regex(await alice.typeOk(go), /gitVersion/);

  t.regex(await alice.typeOk(`nslookup ${OUTSIDE_NAME}`), new RegExp(`^Address: ${ROUTER}$`, 'm'));
  t.is(await alice.typeOk(`${CURL} http://${OUTSIDE_NAME}/`), 'hello from outside', 'what is not the cluster’s');
  t.is((await alice.type(`${CURL} http://echo:81/`)).code, 7, 'refused');
  t.is((await alice.type(`${CURL} http://nosuch/`)).code, 6, 'no such name');
  t.deepEqual(await lookAtMachine(), machine);

  const status = await alice.typeOk('kubectl tp status');
  t.log(status);
  t.regex(status, / for +all programs of this laptop, by interface tp0\n +since +\S+Z, for \d+s\n/);
  t.regex(status, / name +kubernetes\.default\.svc\.cluster\.local found in [\d.]+ ms\n/);
  t.regex(status, / connect +10\.96\.0\.1:443 accepted in [\d.]+ ms\n/);
  t.regex(
    status,
    / DNS +192\.0\.0\.2 by resolv\.conf.*\n +transport +tp-relay-\S+ up, by port-forward, RTT [\d.]+ ms\n/,
  );

  await alice.typeOk('kubectl tp quit');
  await isAsBefore(alice, before);
  t.is(await alice.snapshot(), before);
  t.deepEqual(await lookAtMachine(), machine);
});

test.serial('kill -9 of the session process, then of the helper: each time the next command works again', async (t) => {
  const { alice } = await openScene(t);
  const before = await alice.snapshot();
  const connect = async () => {
    await alice.typeOk('kubectl tp connect -n team-a');
    t.regex(await alice.typeOk(`${CURL} http://echo/`), /"servedBy":"echo-/);
    t.is(await alice.typeOk(`${CURL} http://${OUTSIDE_NAME}/`), 'hello from outside');
    return alice.status();
  };
  await alice.typeOk(`kill -9 ${(await connect()).pid}`);
  await isAsBefore(alice, before);

  const { pid, networks } = await connect();
  await alice.typeOk(`sudo kill -9 ${networks[0]?.laptop?.helper.pid}`);
  // The session goes on without the network.
  await isAsBefore(alice, before, ' __session ');
  t.like(await alice.status(), { pid, networks: [] });

  await connect();
  await alice.typeOk('kubectl tp quit');
  await isAsBefore(alice, before);
});

/** Without processes that have `except` in their command line. */
async function isAsBefore(person: LaptopPerson, before: string, except?: string): Promise<void> {
  const now = async () => {
    const lines = (await person.snapshot()).split('\n');
    return lines.filter((line) => except === undefined || !line.includes(except)).join('\n');
  };
  await waitFor('the laptop as it was before', async () => (await now()) === before).catch(async (error) => {
    throw new Error(`before:\n${before}\nnow:\n${await now()}`, { cause: error });
  });
}

/** This machine's own. */
async function lookAtMachine(): Promise<string[]> {
  return Promise.all(['/proc/net/route', '/etc/resolv.conf'].map((path) => readFile(path, 'utf8')));
}
