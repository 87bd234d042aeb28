// Live volumes of a pod on the laptop: read, listed, written where that was asked for, never in the way when the pod is
// gone, and copied where the laptop can't mount.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { mountedBelow } from '../../kubectl-tp/src/volumes/live/mounted-below.ts';
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
  t.teardown(() => cluster.kubectl([...IN, 'delete', 'deployment,configmap', WRITER, '--now']));
  await cluster.kubectl([...IN, 'rollout', 'status', `deployment/${WRITER}`, '--timeout=60s']);
  return { stage, person: await stage.person('admin') };
}

/** A shell of the laptop, which must not hang: what takes longer has failed. */
async function shell(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', script], { timeout: 30_000, maxBuffer: 1 << 20 });
  return stdout;
}

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
