// Live volumes of a pod on the laptop: read, listed, written where that was asked for, never in the way when the pod is
// gone, and copied where the laptop can't mount.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { mountedBelow } from '../../kubectl-tp/src/volumes/live/mounted-below.ts';
import { mountingPerson, laptopShell as shell } from '../helpers/mounting-person.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';
import { buildVolumeWriter, WRITER } from '../helpers/volume-writer.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'volumes';
const IN = ['-n', NAMESPACE];
const TARGET = `deployment/${WRITER}`;

type Scene = { stage: Stage; person: Person };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  const { cluster } = stage;
  await cluster.apply(buildVolumeWriter({ namespace: NAMESPACE, image: cluster.images.product }));
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'deployment,configmap', WRITER, '--now', '--cascade=foreground']));
  await cluster.kubectl([...IN, 'rollout', 'status', `deployment/${WRITER}`, '--timeout=60s']);
  const person = await mountingPerson(stage);
  return { stage, person };
}

const codeOf = (error: NodeJS.ErrnoException) => error.code;
const lines = async (path: string) => (await readFile(path, 'utf8')).split('\n').length;

test.serial('read live, 1,000 files, 64 MiB with the right sum, parts, links; nothing is written', async (t) => {
  const { person } = await openScene(t);
  const root = join(person.env.HOME ?? '', 'files');
  await person.tpOk('ingest', TARGET, ...IN, '--mount', root);
  const data = join(root, 'data');
  const before = await lines(join(data, 'ticks'));
  await waitFor('the file grows', async () => (await lines(join(data, 'ticks'))) > before);
  t.is((await shell(`ls -l ${data}/many | grep -c file-`)).trim(), '1000');
  t.is(await shell(`md5sum < ${data}/big`), await readFile(join(data, 'big.md5'), 'utf8'));
  t.is(await shell(`md5sum < ${data}/big`), await readFile(join(data, 'link'), 'utf8'), 'a link inside leads inside');
  await t.throwsAsync(shell(`cat ${data}/outside`), { message: /Permission denied/ });
  t.is(await readFile(join(root, 'srv/tp-part/seen'), 'utf8'), 'seen\n');
  t.is(await readFile(join(root, 'etc/tp-writer/color'), 'utf8'), 'blue');
  await t.throwsAsync(shell(`echo x > ${data}/new`), { message: /Read-only file system/ });
  await person.tpOk('leave', TARGET, ...IN);
  t.deepEqual(await mountedBelow(root), []);
  await t.throwsAsync(readFile(join(data, 'ticks')), { code: 'ENOENT' });
});

test.serial('a pod that is gone gives an error within a moment, and another one takes its place', async (t) => {
  const { stage, person } = await openScene(t);
  const root = join(person.env.HOME ?? '', 'files');
  await person.tpOk('ingest', TARGET, ...IN, '--mount', root);
  const whose = join(root, 'data/whose');
  const before = await readFile(whose, 'utf8');
  await stage.cluster.kubectl([...IN, 'delete', 'pod', before.trim(), '--now', '--wait=false']);
  const failure = await waitFor('an error', () => readFile(whose).then(() => undefined, codeOf), 5000);
  t.is(failure, 'EIO');
  await t.throwsAsync(shell(`ls ${join(root, 'data')}`), { message: /Input\/output error/ });
  const after = await waitFor('the new pod', () => readFile(whose, 'utf8').catch(() => undefined), 60_000);
  t.not(after, before);
  t.is((await shell(`ls ${join(root, 'data/many')} | wc -l`)).trim(), '1000');
});

test.serial(
  ':rw writes in the pod; a killed session process leaves nothing that hangs, and the next goes on',
  async (t) => {
    const { stage, person } = await openScene(t);
    const root = join(person.env.HOME ?? '', 'files');
    const ingest = ['ingest', TARGET, ...IN, '--mount', `${root}:rw`];
    await person.tpOk(...ingest);
    const data = join(root, 'data');
    await shell(`echo from the laptop > ${data}/new && mkdir ${data}/folder && mv ${data}/new ${data}/folder/moved`);
    const inPod = (path: string) => stage.cluster.kubectl([...IN, 'exec', TARGET, '--', 'cat', path]);
    t.is(await inPod('/data/folder/moved'), 'from the laptop\n');
    const { pid } = await person.status();
    process.kill(pid, 'SIGKILL');
    await waitFor('the mounts end', async () => (await mountedBelow(root)).length === 0);
    await person.tpOk('status');
    const moved = join(data, 'folder/moved');
    await waitFor('they are back', () => readFile(moved, 'utf8').catch(() => undefined));
    await shell(`echo again > ${moved}`);
    t.is(await inPod('/data/folder/moved'), 'again\n');
    const servers = await stage.cluster.kubectl([
      ...IN,
      'get',
      'pods',
      '-o',
      'jsonpath={.items[*].spec.ephemeralContainers[*].name}',
    ]);
    t.is(servers.split(' ').length, 1, 'the next process has the key of the server that runs');
    await person.tpOk('quit');
    t.is(await inPod('/data/folder/moved'), 'again\n', 'what is taken from the laptop stays in the pod');
  },
);

test.serial('a command in a network of its own finds live files at their own paths', async (t) => {
  const { stage, person } = await openScene(t);
  const script = 'cat /srv/tp-part/seen /srv/tp-part/inner/kept $TP_ROOT/data/whose; echo x > /srv/tp-part/new';
  const { stdout, stderr } = await person.tp('ingest', TARGET, ...IN, '--network', 'cluster', '--', 'sh', '-c', script);
  t.regex(stdout, /^seen\nkept\nwriter-/, stderr);
  t.regex(stderr, /Read-only file system/);
  const write = 'echo written > /srv/tp-part/new && cat /srv/tp-part/new';
  const writing = await person.tp(
    'ingest',
    TARGET,
    ...IN,
    '--mount',
    ':rw',
    '--network',
    'cluster',
    '--',
    'sh',
    '-c',
    write,
  );
  t.is(writing.stdout, 'written\n', writing.stderr);
  t.is(await stage.cluster.kubectl([...IN, 'exec', TARGET, '--', 'cat', '/data/part/new']), 'written\n');
});

test.serial('without sshfs there is a copy, and a sentence that says so', async (t) => {
  const { person } = await openScene(t);
  const root = join(person.env.HOME ?? '', 'files');
  // What the plugin needs, and no sshfs.
  const tools = join(person.env.HOME ?? '', 'bin');
  const names = 'node kubectl-tp unshare sh env dirname readlink';
  const { PATH } = person.env;
  await shell(`PATH=${PATH}; mkdir ${tools}; for p in ${names}; do ln -s "$(command -v $p)" ${tools}/$p; done`);
  const plugin = (...args: string[]) =>
    promisify(execFile)(`${tools}/kubectl-tp`, args, { env: { ...person.env, PATH: tools }, timeout: 60_000 });
  const { stderr } = await plugin('ingest', TARGET, ...IN, '--mount', root);
  t.regex(
    stderr,
    /\/data is a copy as of now and does not follow the pod: the program sshfs is not on this machine\. .*install sshfs/,
  );
  t.regex(stderr, /the copy of \/data lacks \/data\/outside: a link that leads out of the volume/);
  const data = join(root, 'data');
  t.is(await shell(`md5sum < ${data}/big`), await readFile(join(data, 'link'), 'utf8'));
  t.is((await shell(`ls ${data}/many | wc -l`)).trim(), '1000');
  t.deepEqual(await mountedBelow(root), []);
  await person.tpOk('leave', TARGET, ...IN);
  await t.throwsAsync(readFile(join(root, 'data/big.md5')), { code: 'ENOENT' });
});

test.serial('who lacks the right has the rest, and a sentence that names the right', async (t) => {
  const { stage } = await openScene(t);
  const { cluster } = stage;
  const role = ['rolebinding', 'carol-tp-user'];
  await cluster.kubectl([...IN, 'create', ...role, '--clusterrole=tp-user', '--user=carol']);
  t.teardown(() => cluster.kubectl([...IN, 'delete', ...role]));
  const carol = await stage.person('carol');
  const { code, stderr } = await carol.tp('ingest', TARGET, ...IN);
  t.is(code, 0, stderr);
  t.regex(
    stderr,
    /lack volume data \(\/data\): User "carol" may not patch pods\/ephemeralcontainers in namespace volumes/,
  );
  t.regex(stderr, /create rolebinding tp-volumes-carol --clusterrole=tp-volumes --user=carol/);
});
