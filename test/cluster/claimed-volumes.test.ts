// Claimed volumes of a pod on the laptop: exactly the parts that its container has, and those of the next pod when the
// first is gone.

import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ACCEPTED, readPrefix } from '../../control-plane/src/protocol/index.ts';
import { createSftpClient } from '../../kubectl-tp/src/volumes/live/sftp-client.ts';
import { buildClaimKeeper, KEEPER } from '../helpers/claim-keeper.ts';
import { mountingPerson, laptopShell as shell } from '../helpers/mounting-person.ts';
import { openStage, type Stage } from '../helpers/stage.ts';
import type { Person } from '../helpers/tp.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NAMESPACE = 'claims';
const IN = ['-n', NAMESPACE];
const TARGET = `deployment/${KEEPER}`;

type Scene = { stage: Stage; person: Person; root: string };

async function openScene(t: ExecutionContext): Promise<Scene> {
  const stage = await openStage(t, NAMESPACE);
  const { cluster } = stage;
  const { objects, volumes, storageClass } = buildClaimKeeper({ namespace: NAMESPACE, image: cluster.images.product });
  await cluster.apply(objects);
  t.teardown(async () => {
    await cluster.kubectl([...IN, 'delete', 'deployment', KEEPER, '--now', '--cascade=foreground']);
    await cluster.kubectl([...IN, 'delete', 'pvc', '--all']);
    // The cluster removes folders of bound ones; one that nobody had has none.
    const left = () => cluster.kubectl(['get', 'pv', ...volumes, '--ignore-not-found', '-o', 'name']);
    await waitFor('the volumes go', async () => !(await left()).includes('claimed'), 30_000);
    await cluster.kubectl(['delete', '--ignore-not-found', 'pv', ...volumes]);
    await cluster.kubectl(['delete', 'storageclass', storageClass]);
  });
  await cluster.kubectl([...IN, 'rollout', 'status', TARGET, '--timeout=60s']);
  const person = await mountingPerson(stage);
  return { stage, person, root: join(person.env.HOME ?? '', 'files') };
}

/** What a program that speaks SFTP itself can ask the pod for. */
async function askPod(t: ExecutionContext, { env }: Person) {
  const folder = join(env.HOME ?? '', 'kubectl-tp');
  const sockets = (await readdir(folder, { recursive: true })).filter((name) => /\.volumes\/.*\.sock$/.test(name));
  t.is(sockets.length, 1);
  const socket = connect(join(folder, sockets[0] ?? ''));
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  const limits = { timeoutMs: 20_000, maxBytes: ACCEPTED.length };
  t.true(await readPrefix(socket, () => ({ value: true, bytes: ACCEPTED.length }), limits));
  return createSftpClient(socket, new AbortController().signal);
}

test.serial('parts of a claim, one named after the pod: their files, nothing above them; writes arrive', async (t) => {
  const { stage, person, root } = await openScene(t);
  await person.tpOk('ingest', TARGET, ...IN, '--mount', `${root}:rw`);
  const pod = (await stage.cluster.kubectl([...IN, 'get', 'pods', '-l', `app=${KEEPER}`, '-o', 'name'])).trim();
  const srv = join(root, 'srv');
  t.is(await shell(`ls ${srv}/tp-part`), 'out\nseen\nup\n');
  t.is(await shell(`cat ${srv}/tp-part/seen`), 'part\n');
  t.is(await shell(`ls ${srv}/tp-own`), 'whose\n');
  t.is(`pod/${await shell(`cat ${srv}/tp-own/whose`)}`.trim(), pod);
  t.is(await shell(`cat ${srv}/tp-scratch/seen`), 'scratch\n');

  t.is(await shell(`ls ${srv}/tp-part/..`), 'tp-own\ntp-part\ntp-scratch\n', "the laptop's own folder");
  for (const link of ['up', 'out'])
    await t.throwsAsync(shell(`cat ${srv}/tp-part/${link}`), { message: /Permission denied/ });
  const sftp = await askPod(t, person);
  t.truthy(await sftp.attributes('/0/seen'));
  for (const path of [
    '/0/../secret',
    '/0/../../secret',
    '/1/../../secret',
    '/3',
    '/whole/secret',
    '/../volumes/0/secret',
  ])
    await t.throwsAsync(sftp.attributes(path), { message: 'it is not there' }, path);
  await t.throwsAsync(sftp.read('/0/up')[Symbol.asyncIterator]().next(), { message: /./ }, 'no link is followed');

  const inPod = (path: string) => stage.cluster.kubectl([...IN, 'exec', TARGET, '-c', 'app', '--', 'cat', path]);
  for (const part of ['tp-part', 'tp-own', 'tp-scratch']) {
    await shell(`echo to ${part} > ${srv}/${part}/new`);
    t.is(await inPod(`/srv/${part}/new`), `to ${part}\n`);
  }
  await person.tpOk('leave', TARGET, ...IN);
  t.is(await inPod('/srv/tp-own/new'), 'to tp-own\n');
});

test.serial('the next pod has a part of its own: that one is there, and not the one of the pod before', async (t) => {
  const { stage, person, root } = await openScene(t);
  await person.tpOk('ingest', TARGET, ...IN, '--mount', root);
  const whose = join(root, 'srv/tp-own/whose');
  const before = (await readFile(whose, 'utf8')).trim();
  await stage.cluster.kubectl([...IN, 'delete', 'pod', before, '--now', '--wait=false']);
  const look = async () => {
    const now = await readFile(whose, 'utf8').catch(() => undefined);
    return now?.trim() === before ? undefined : now;
  };
  const after = (await waitFor('the part of the next pod', look, 60_000)).trim();
  await stage.cluster.kubectl([...IN, 'wait', '--for=delete', `pod/${before}`, '--timeout=60s']);
  const names = await stage.cluster.kubectl([...IN, 'get', 'pods', '-l', `app=${KEEPER}`, '-o', 'name']);
  t.is(names.trim(), `pod/${after}`, 'files of the pod that there is now');
  t.is(await shell(`cat ${root}/srv/tp-part/seen`), 'part\n');
});
