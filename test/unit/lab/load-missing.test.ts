import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { loadMissing } from '../../../lab/images/load.ts';
import type { Image } from '../../../lab/images/oci-archive.ts';

const image = (name: string, command = 'node'): Image => ({ name, config: { Cmd: [command] }, layers: [] });

/** Which images each call was given, by name. */
async function openScene(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tp-images-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const loads: string[] = [];
  const load = async (missing: readonly Image[]) => {
    // Whoever does not wait for its turn begins before this one has ended.
    await nextTurn();
    loads.push(missing.map(({ name }) => name).join());
  };
  return { loads, load, record: join(folder, 'images.json') };
}

test('an image is loaded once, and again when its content is another', async (t) => {
  const { loads, load, record } = await openScene(t);
  await loadMissing(record, [image('a'), image('b')], load);
  await loadMissing(record, [image('a'), image('b')], load);
  await loadMissing(record, [image('a', 'envoy'), image('b')], load);
  t.deepEqual(loads, ['a,b', 'a']);
});

test('of several that want the same one loads it', async (t) => {
  const { loads, load, record } = await openScene(t);
  await Promise.all(Array.from({ length: 3 }, () => loadMissing(record, [image('a')], load)));
  t.deepEqual(loads, ['a']);
});

test('what could not be loaded is missing', async (t) => {
  const { loads, load, record } = await openScene(t);
  const fail = async () => {
    throw new Error('no space');
  };
  await t.throwsAsync(loadMissing(record, [image('a')], fail), { message: 'no space' });
  await loadMissing(record, [image('a')], load);
  t.deepEqual(loads, ['a']);
});
