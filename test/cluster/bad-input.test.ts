// Whatever is wrong with what somebody types, with their laptop, kubeconfig, rights or install: one message that says
// why, the next command to type, the right exit code, and nothing left behind. Each row is what one person sees.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { type ErrorCode, exitCodeOf } from '../../kubectl-tp/src/errors.ts';
import { VERSION } from '../../kubectl-tp/src/version.ts';
import { expectRefusal, type Refusal } from '../helpers/expect-refusal.ts';
import { type LabCluster, labCluster } from '../helpers/lab.ts';
import { closedPort, startApp } from '../helpers/loopback.ts';
import { type Ended, processesWith } from '../helpers/processes.ts';
import { install } from '../helpers/stage.ts';
import { createPerson, type Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'team-a';
const INSTALL_NAMESPACE = 'kubectl-tp';

type Mistake = Refusal & {
  /** What follows `kubectl tp`; words in capitals stand for ports and kubeconfigs, see `World`. */
  readonly line: string;
  readonly exit: number;
};

const mistake = (line: string, exit: number, code: ErrorCode, says: RegExp, next: RegExp): Mistake => ({
  line,
  exit,
  code,
  says,
  next,
});

const HELP = /See: kubectl tp intercept --help/;
const A_TARGET = /Name a Service \(orders\) or a workload \(deployment\/orders/;
const A_PORT = /-p 8080 or -p 8080:80 or -p 8080:http/;
const A_HEADER = /--header x-dev=me/;
const A_DURATION = /--ttl 30m/;

const MISTYPED = [
  mistake('intercpt shop', 2, 'USAGE', /no command "intercpt"/, /Did you mean intercept\?.*kubectl tp --help/),
  mistake('steal shop', 2, 'USAGE', /no command "steal"/, /Commands: intercept, .*kubectl tp --help/),
  mistake('intercept', 2, 'USAGE', /needs a NAME/, HELP),
  mistake('intercept shop cart', 2, 'USAGE', /takes one word, not 2: shop cart/, HELP),
  mistake('intercept shop --colour red', 2, 'USAGE', /no flag --colour/, HELP),
  mistake('intercept shop --fallback me', 2, 'USAGE', /fallback is "me", it can be "pod", "fail"/, HELP),
  mistake('intercept pod/shop', 2, 'BAD_TARGET', /"pod\/shop".*"pod" is no kind that can be intercepted/, A_TARGET),
  mistake('intercept Shop', 2, 'BAD_TARGET', /"Shop".*a-z, 0-9/, A_TARGET),
  mistake('intercept shop --ttl soon', 2, 'BAD_DURATION', /--ttl.*"soon": it is not a number with/, A_DURATION),
  mistake('intercept shop --ttl 5', 2, 'BAD_DURATION', /--ttl.*"5": it is not a number with s, m, h or d/, A_DURATION),
  mistake('intercept shop --ttl 0s', 2, 'BAD_DURATION', /no time at all/, A_DURATION),
  mistake('intercept shop -p http', 2, 'BAD_PORT', /"http": it is not a number/, A_PORT),
  mistake('intercept shop -p 70000', 2, 'BAD_PORT', /"70000": ports go from 1 to 65535/, A_PORT),
  mistake('intercept shop -p', 2, 'USAGE', /-p needs a value/, HELP),
  mistake('intercept shop --header=', 2, 'USAGE', /--header needs a value/, HELP),
  mistake('intercept shop --header ', 2, 'BAD_HEADER', /"" is malformed: it is empty/, A_HEADER),
  mistake('intercept shop --header x-dev', 2, 'BAD_HEADER', /"x-dev" is malformed: it has no value/, A_HEADER),
  mistake('intercept shop --header x-dev=', 2, 'BAD_HEADER', /its value is empty/, A_HEADER),
  mistake('intercept shop --header =me', 2, 'BAD_HEADER', /it has no name/, A_HEADER),
  mistake('intercept shop --header host=shop', 2, 'BAD_HEADER', /the host chooses the Service/, A_HEADER),
];

const A_SERVICE = /kubectl -n team-a get services .*-n NAMESPACE/;
const WITHOUT_TARGET_OR_PORT = [
  mistake('intercept shopp -p OPEN', 4, 'TARGET_NOT_FOUND', /Namespace team-a has no Service shopp/, A_SERVICE),
  mistake('intercept sts/shop', 4, 'TARGET_NOT_FOUND', /has no StatefulSet shop/, /kubectl -n team-a get statefulsets/),
  mistake('intercept depot -p OPEN', 4, 'PORT_AMBIGUOUS', /ports: 80 \(http\), 81 \(grpc\)/, /-p LOCAL:REMOTE/),
  mistake('intercept depot -p OPEN:82', 4, 'PORT_NOT_FOUND', /no TCP port 82. It has: 80/, /-p LOCAL:REMOTE/),
  mistake('intercept shop -p CLOSED', 4, 'NOBODY_LISTENS', /Nobody listens on port \d+ of this laptop/, /-- CMD/),
  mistake(
    'intercept shop -p OPEN --network laptop -- true',
    4,
    'PORT_IN_USE',
    /Port \d+ of this laptop is in use/,
    /another port with -p/,
  ),
];

const IS_IT_UP = /kubectl version; kubectl config current-context/;
const WHICH_FILE = /--kubeconfig FILE or the environment variable KUBECONFIG/;
const WITHOUT_CLUSTER = [
  mistake('intercept shop --kubeconfig AWAY', 3, 'CLUSTER_UNREACHABLE', /127.0.0.1.*ECONNREFUSED/, IS_IT_UP),
  mistake('list --kubeconfig AWAY', 3, 'CLUSTER_UNREACHABLE', /127.0.0.1.*ECONNREFUSED/, IS_IT_UP),
  mistake('install --kubeconfig AWAY', 3, 'CLUSTER_UNREACHABLE', /127.0.0.1.*ECONNREFUSED/, IS_IT_UP),
  mistake('status --kubeconfig MISSING', 3, 'KUBECONFIG_INVALID', /no kubeconfig: looked for \/.*missing/, WHICH_FILE),
  mistake(
    'intercept shop --kubeconfig BROKEN',
    3,
    'KUBECONFIG_INVALID',
    /broken cannot be used/,
    /kubectl config view/,
  ),
  mistake('list --kubeconfig DANGLING', 3, 'KUBECONFIG_INVALID', /no context "gone"/, /by --context: dev/),
  mistake('list --context prod', 3, 'KUBECONFIG_INVALID', /no context "prod"/, /by --context: lab-/),
];

const LET_ALICE = /kubectl -n team-b create rolebinding tp-user-alice --clusterrole=tp-user --user=alice/;
const LET_BOB = /kubectl -n kubectl-tp create rolebinding tp-user-bob --role=tp-user --user=bob/;
const WITHOUT_RIGHTS = [
  mistake(
    'intercept shop -n team-b',
    3,
    'MISSING_RIGHT',
    /"alice" may not get services in namespace team-b/,
    LET_ALICE,
  ),
  mistake('list -n team-b', 3, 'MISSING_RIGHT', /"alice" may not list intercepts.* in namespace team-b/, LET_ALICE),
  mistake(
    'list -A',
    3,
    'MISSING_RIGHT',
    /"alice" may not list intercepts.* in the whole cluster/,
    /kubectl tp list -n NAMESPACE/,
  ),
  mistake(
    'install',
    3,
    'MISSING_RIGHT',
    /You may not create: .*customresourcedefinitions/,
    /kubectl tp install --dry-run/,
  ),
  mistake('intercept shop -p OPEN --kubeconfig BOB', 3, 'MISSING_RIGHT', /"bob" may not create sessions/, LET_BOB),
  mistake(
    'intercept shop --kubeconfig STRANGER',
    3,
    'UNAUTHORIZED',
    /does not accept the credentials/,
    /kubectl auth whoami/,
  ),
];

const INSTALL = /kubectl tp install.*--tp-namespace/;
const NOT_INSTALLED = [
  mistake('intercept shop -p OPEN', 3, 'NOT_INSTALLED', /not installed in namespace kubectl-tp/, INSTALL),
  mistake('intercept shop -p OPEN --kubeconfig ADMIN -n team-a', 3, 'NOT_INSTALLED', /not installed/, INSTALL),
  mistake('list', 3, 'NOT_INSTALLED', /not installed/, INSTALL),
];
const INSTALLED_ELSEWHERE = [
  mistake(
    'intercept shop -p OPEN --kubeconfig ADMIN -n team-a --tp-namespace tools',
    3,
    'NOT_INSTALLED',
    /not installed in namespace tools/,
    INSTALL,
  ),
];

const OLD_INSTALL = [
  mistake('intercept shop -p OPEN', 3, 'VERSION_MISMATCH', /cluster part is version 0\.0\.1, /, /kubectl tp install/),
];
const OLD_PLUGIN = [
  mistake(
    'intercept shop -p OPEN',
    3,
    'VERSION_MISMATCH',
    /cluster part is version 9\.0\.0, /,
    /kubectl krew upgrade tp/,
  ),
];

/** What is no mistake: exit code 0, and words that say how it is. */
const NOTHING_TO_DO: readonly (readonly [line: string, says: RegExp])[] = [
  ['status', /No session runs for context lab-/],
  ['list', /No intercepts in team-a/],
  ['version --cluster-part', /cluster +\d+\.\d+\.\d+/],
  ['leave shop', /There is no intercept shop of yours in team-a/],
  ['leave --all', /There is nothing to leave/],
  ['quit', /No session runs/],
];

type World = Readonly<
  Record<'OPEN' | 'CLOSED' | 'AWAY' | 'MISSING' | 'BROKEN' | 'DANGLING' | 'ADMIN' | 'BOB' | 'STRANGER', string>
>;

async function openWorld(t: ExecutionContext, cluster: LabCluster): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-bad-input-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const write = async (name: string, content: unknown) => {
    const path = join(folder, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const [closed, open] = [await closedPort(), await startApp(t, (socket) => void socket.destroy())];
  const away = { cluster: { server: `https://127.0.0.1:${closed}` }, name: 'dev' };
  const context = { context: { cluster: 'dev' }, name: 'dev' };
  return {
    OPEN: String(open.port),
    CLOSED: String(closed),
    AWAY: await write('away', { 'current-context': 'dev', clusters: [away], contexts: [context] }),
    MISSING: join(folder, 'missing'),
    BROKEN: await write('broken', 'clusters: [{name: dev'),
    DANGLING: await write('dangling', { 'current-context': 'gone', clusters: [away], contexts: [context] }),
    ADMIN: await cluster.kubeconfig('admin'),
    BOB: await cluster.kubeconfig('bob'),
    STRANGER: await write('stranger', await withToken(await cluster.kubeconfig('alice'), 'expired')),
  };
}

/** The kubeconfig of somebody whose login is over. */
async function withToken(path: string, token: string): Promise<object> {
  const config = parse(await readFile(path, 'utf8')) as { users: { name: string }[] };
  return { ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) };
}

type Scene = { readonly person: Person; readonly world: World };

async function run({ person, world }: Scene, line: string): Promise<Ended> {
  const words = line.replaceAll(/\b[A-Z]{3,}\b/g, (word) => (word in world ? world[word as keyof World] : word));
  return person.tp(...words.split(' '));
}

async function expectRefusals(t: ExecutionContext, scene: Scene, mistakes: readonly Mistake[]): Promise<void> {
  for (const { line, exit, code, says, next } of mistakes) {
    t.is(exit, exitCodeOf(code));
    expectRefusal(t, await run(scene, line), { code, says, next }, `kubectl tp ${line}`);
  }
}

/** The session process of a command that failed ends by itself; then the home folder is as before. */
async function expectNothingLeft(t: ExecutionContext, { person }: Scene): Promise<void> {
  const home = person.env.HOME ?? '';
  await waitFor('no session process is left', () => processesWith('HOME', home).length === 0);
  const files = (await readdir(home, { recursive: true, withFileTypes: true })).filter((entry) => !entry.isDirectory());
  t.deepEqual(
    files.map(({ name }) => name),
    [],
  );
}

/** Intercepts and Sessions of the people of this story. */
async function objectsOf(cluster: LabCluster, owners: readonly string[]): Promise<string[]> {
  const kinds = 'intercepts.kubectl-tp.dev,sessions.kubectl-tp.dev';
  const { items } = JSON.parse(await cluster.kubectl(['get', kinds, '-A', '-o', 'json'])) as {
    items: { kind: string; metadata: { name: string }; spec: { owner?: string } }[];
  };
  return items
    .filter(({ spec }) => owners.includes(spec.owner ?? ''))
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

/** The plugin reads the version off the relays' pods. */
async function pretendVersion(cluster: LabCluster, version: string): Promise<void> {
  const labels = ['-l', 'app.kubernetes.io/component=relay', `app.kubernetes.io/version=${version}`, '--overwrite'];
  await cluster.kubectl(['-n', INSTALL_NAMESPACE, 'label', 'pods', ...labels]);
}

function buildService(name: string, ports: readonly object[]): object {
  const spec = { selector: { app: name }, ports };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec };
}

async function openScene(t: ExecutionContext, cluster: LabCluster): Promise<Scene> {
  const services = [
    buildService('shop', [{ name: 'http', port: 80, targetPort: 8080 }]),
    buildService('depot', [
      { name: 'http', port: 80 },
      { name: 'grpc', port: 81 },
    ]),
  ];
  await cluster.apply(services);
  t.teardown(() => cluster.kubectl(['-n', NAMESPACE, 'delete', 'services', 'shop', 'depot']));
  const person = await createPerson(cluster, 'alice');
  t.teardown(person.leave);
  return { person, world: await openWorld(t, cluster) };
}

async function uninstall(t: ExecutionContext, cluster: LabCluster): Promise<void> {
  const admin = await createPerson(cluster, 'admin');
  t.teardown(admin.leave);
  await admin.tpOk('uninstall');
  t.regex(await admin.tpOk('version', '--cluster-part'), /cluster +not installed/);
}

test.serial('bad input is told in one message with the next step, and leaves nothing', async (t) => {
  const cluster = await labCluster();
  const scene = await openScene(t, cluster);
  // These are told before the cluster part is asked: meanwhile it goes, and comes back.
  await Promise.all([uninstall(t, cluster), expectRefusals(t, scene, [...MISTYPED, ...WITHOUT_CLUSTER])]);
  await expectRefusals(t, scene, NOT_INSTALLED);
  await Promise.all([install(cluster), expectRefusals(t, scene, WITHOUT_TARGET_OR_PORT)]);
  await expectRefusals(t, scene, [...INSTALLED_ELSEWHERE, ...WITHOUT_RIGHTS]);

  t.teardown(() => pretendVersion(cluster, VERSION));
  await pretendVersion(cluster, '0.0.1');
  await expectRefusals(t, scene, OLD_INSTALL);
  await pretendVersion(cluster, '9.0.0');
  await expectRefusals(t, scene, OLD_PLUGIN);

  await expectNothingLeft(t, scene);
  t.deepEqual(await objectsOf(cluster, ['alice', 'bob', 'admin']), []);
});

test.serial('what is no mistake ends with 0, also when there is nothing to do', async (t) => {
  const cluster = await labCluster();
  await install(cluster);
  const scene = await openScene(t, cluster);
  for (const [line, says] of NOTHING_TO_DO) {
    const { code, stdout, stderr } = await run(scene, line);
    t.is(code, 0, stderr);
    t.regex(stdout, says);
  }
  await expectNothingLeft(t, scene);
});
