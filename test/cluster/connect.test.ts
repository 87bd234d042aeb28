// An ordinary user's programs in the cluster's network: they find names, reach Services and pods, and change nothing on
// the laptop.

import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { capture } from '../../lab/shell.ts';
import { buildDatabase } from '../helpers/database.ts';
import { createOrdinaryPerson, type OrdinaryPerson } from '../helpers/ordinary-person.ts';
import { ORDINARY_ID } from '../helpers/processes.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
const IN = ['-n', NAMESPACE];
/** Lines of 1,000 characters; some 200 MB. */
const ROWS = 200_000;

type Scene = { stage: Stage; alice: OrdinaryPerson; inNetwork: (script: string) => Promise<string> };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  const alice = await createOrdinaryPerson(t, stage.cluster, 'alice');
  return { stage, alice, inNetwork: (script) => alice.tpOk('connect', ...IN, '--', 'bash', '-euc', script) };
}

test.serial('names, Services, pods and a headless name, for programs of all kinds', async (t) => {
  const { stage, inNetwork } = await openScene(t);
  await stage.deploy({ name: 'echo', replicas: 2 });
  const { cluster } = stage;
  const headless = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'headless', namespace: NAMESPACE },
    spec: { clusterIP: 'None', selector: { app: 'echo' }, ports: [{ port: 8080 }] },
  };
  await cluster.apply([headless]);
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'service', 'headless']));
  const ask = (path: string) => cluster.kubectl([...IN, 'get', ...path.split(' ')]);
  const service = await ask('service echo -o jsonpath={.spec.clusterIP}');
  const pods = (await ask('pods -l app=echo -o jsonpath={.items[*].status.podIP}')).split(' ').toSorted();

  for (const name of ['echo', 'echo.team-a', 'echo.team-a.svc', 'echo.team-a.svc.cluster.local']) {
    t.regex(await inNetwork(`getent ahostsv4 ${name}`), new RegExp(`^${service.replaceAll('.', '\\.')} `), name);
  }
  const found = await inNetwork('getent ahostsv4 headless | cut -d" " -f1 | sort -u');
  t.deepEqual(found.trim().split('\n').toSorted(), pods);

  const curl = 'curl -sS --fail --max-time 10';
  t.regex(await inNetwork(`${curl} http://echo/`), /echo-/);
  t.regex(await inNetwork(`${curl} http://headless:8080/`), /echo-/);
  t.regex(await inNetwork(`${curl} http://${pods[0]}:8080/`), /echo-/);
  t.regex(await inNetwork(`python3 -c 'import urllib.request as u; print(u.urlopen("http://echo/").read())'`), /echo-/);
  t.regex(
    await inNetwork(`${process.execPath} -e 'fetch("http://echo/").then((r) => r.text()).then(console.log)'`),
    /echo-/,
  );
  const laptop = await stage.laptopApp('laptop');
  t.regex(await inNetwork(`${curl} http://host.tp.internal:${laptop.port}/`), /laptop/);
  // kubectl is a static Go program with a resolver of its own.
  t.regex(
    await inNetwork(
      'kubectl get --raw /version --server https://kubernetes.default.svc:443 --insecure-skip-tls-verify',
    ),
    /gitVersion/,
  );
});

test.serial('a dual-stack Service and its pods, by both versions of IP', async (t) => {
  const { stage, inNetwork, alice } = await openScene(t);
  const { cluster } = stage;
  await stage.deploy({ name: 'echo', replicas: 1, host: '::' });
  const ports = [{ port: 80, targetPort: 8080 }];
  const families = (ipFamilies: string[]) => ({
    ipFamilyPolicy: ipFamilies.length > 1 ? 'RequireDualStack' : 'SingleStack',
    ipFamilies,
  });
  const service = (name: string, ...ipFamilies: string[]) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { ...families(ipFamilies), selector: { app: 'echo' }, ports },
  });
  await cluster.apply([service('both', 'IPv4', 'IPv6'), service('six', 'IPv6')]);
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'services', 'both', 'six']));
  const ask = async (path: string) => (await cluster.kubectl([...IN, 'get', ...path.split(' ')])).split(' ');
  const [four = '', six = ''] = await ask('service both -o jsonpath={.spec.clusterIPs[*]}');
  const [, pod = ''] = await ask('pods -l app=echo -o jsonpath={.items[0].status.podIPs[*].ip}');
  const addressOf = async (way: string, name: string) => (await inNetwork(`getent ${way} ${name}`)).split(' ')[0];
  t.is(await addressOf('ahostsv4', 'both'), four);
  t.is(await addressOf('ahostsv6', 'both'), six);
  t.regex(await inNetwork(`getent hosts ${six}`), /both\.team-a\.svc\.cluster\.local/);

  const curl = 'curl -sS --fail --max-time 10';
  for (const words of [
    '-4 http://both/',
    '-6 http://both/',
    'http://six/',
    `http://[${six}]/`,
    `http://[${pod}]:8080/`,
  ]) {
    t.regex(await inNetwork(`${curl} ${words}`), /echo-/, words);
  }
  const refused = await alice.tp('connect', '-q', ...IN, '--', 'curl', '-sS', '--max-time', '8', `http://[${pod}]:81/`);
  t.is(refused.code, 7, 'refused');
  const proxied = await alice.tpOk('connect', ...IN, '--proxy', '--', 'sh', '-c', `${curl} http://six/`);
  t.regex(proxied, /echo-/);
});

test.serial('psql copies 200 MB into a database of the cluster and out again', async (t) => {
  const { stage, inNetwork, alice } = await openScene(t);
  const { cluster } = stage;
  await cluster.apply(buildDatabase({ namespace: NAMESPACE, name: 'db', image: await cluster.databaseImage() }));
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'pod,service', 'db', '--now']));
  await cluster.kubectl([...IN, 'wait', 'pod/db', '--for=condition=Ready', '--timeout=60s']);
  const copied = await inNetwork(`
    cd ${alice.home}
    head -c $((${ROWS} * 750)) /dev/urandom | base64 -w 1000 > in
    psql -qh db -U postgres -c 'create table lines (line text)' -c '\\copy lines from in' -c '\\copy lines to out'
    stat -c %s in; sha256sum < in; sha256sum < out`);
  const [bytes, before, after] = copied.trim().split('\n');
  t.is(Number(bytes), ROWS * 1001);
  t.is(after, before);
});

test.serial('what fails, fails as in a pod', async (t) => {
  const { stage, alice } = await openScene(t);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const curl = (url: string) => alice.tp('connect', '-q', ...IN, '--', 'curl', '-sS', '--max-time', '8', url);
  t.is((await curl('http://echo:81/')).code, 7, 'refused');
  t.is((await curl('http://nosuch/')).code, 6, 'no such name');
  const address = await stage.cluster.kubectl([
    '-n',
    'kube-system',
    'get',
    'service',
    'kube-dns',
    '-o',
    'jsonpath={.spec.clusterIP}',
  ]);
  const connect = `import socket; socket.create_connection(("${address.trim()}", 9153), 8)`;
  const denied = await alice.tp('connect', '-q', ...IN, '--', 'python3', '-c', connect);
  t.regex(denied.stderr, /No route to host/, 'a Service of a namespace that alice may not see');
  t.is((await alice.tp('connect', ...IN, '--', 'sh', '-c', 'exit 42')).code, 42);
  const forbidden = await alice.tp('connect', '-n', 'nowhere', '--', 'true');
  t.is(forbidden.code, 3);
  t.regex(forbidden.stderr, /may not list services in namespace nowhere[\s\S]*create rolebinding/);
  const missing = await alice.tp('connect', ...IN, '--', 'no-such-program');
  t.is(missing.code, 2);
  t.regex(missing.stderr, /no-such-program can't be started/);
});

test.serial('the laptop stays as it was', async (t) => {
  const processes = async () => (await capture('pgrep', ['-u', String(ORDINARY_ID)]).catch(() => '')).split('\n');
  const others = await processes();
  const { inNetwork, alice, stage } = await openScene(t);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const look = async () => {
    const files = ['/proc/net/route', '/proc/net/dev_mcast', '/etc/resolv.conf'];
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    return [...texts, await capture('nft', ['list', 'tables']).catch(() => '')];
  };
  const before = await look();
  t.regex(await inNetwork('curl -sS http://echo/'), /echo-/);
  t.is((await inNetwork('id -u; grep CapEff /proc/self/status')).trim(), `${ORDINARY_ID}\nCapEff:\t0000000000000000`);
  t.deepEqual(await look(), before);
  await alice.tpOk('quit');
  await waitFor('no process is left', async () => (await processes()).every((pid) => others.includes(pid)));
});

for (const [signal, what] of [
  ['SIGKILL', 'killed'],
  ['SIGTERM', 'asked to make room'],
] as const) {
  test.serial(`a session process that is ${what} is replaced while the command runs`, async (t) => {
    const { stage, alice } = await openScene(t);
    await stage.deploy({ name: 'echo', replicas: 1 });
    const loop =
      'for i in $(seq 60); do curl -sS --max-time 5 http://echo/ && echo " answer $i"; sleep 0.2; done; echo over';
    const running = alice.start('connect', ...IN, '--', 'sh', '-c', loop);
    await waitFor('an answer', () => running.stdout().includes('answer 5'));
    const { pid } = await alice.status();
    process.kill(pid, signal);
    const { stdout, code } = await running.ended;
    t.is(code, 0);
    t.regex(stdout, /answer 60\nover/);
  });
}

test.serial('by proxy, for machines that allow no namespaces', async (t) => {
  const { stage, alice } = await openScene(t);
  await stage.deploy({ name: 'echo', replicas: 1 });
  const said = await alice.tpOk(
    'connect',
    '--proxy',
    ...IN,
    '--',
    'sh',
    '-c',
    'curl -sS http://echo/ && curl -sSp http://echo.team-a/',
  );
  t.is(said.match(/echo-/g)?.length, 2, said);
});
