import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { cached, hashFiles } from '../../../lab/cache.ts';
import { withLock } from '../../../lab/lock.ts';

test.serial('an entry is filled once, also for many who ask at the same time', async (t) => {
  const cache = await useOwnCache(t);
  let fills = 0;
  const entry = {
    name: 'thing',
    key: 'v1',
    fill: async (folder: string) => {
      fills += 1;
      await writeFile(join(folder, 'file'), 'content');
    },
  };
  const folders = await Promise.all([cached(entry), cached(entry), cached(entry)]);
  t.is(new Set(folders).size, 1);
  t.is(fills, 1);
  t.is(await readFile(join(folders[0] ?? '', 'file'), 'utf8'), 'content');
  t.not(await cached({ ...entry, key: 'v2' }), folders[0]);
  t.is((await readdir(join(cache, 'kubectl-tp'))).length, 2);
});

test.serial('a fill that fails leaves nothing, and the next one tries again', async (t) => {
  const cache = await useOwnCache(t);
  const fail = () => Promise.reject(new Error('no network'));
  await t.throwsAsync(cached({ name: 'thing', key: 'k', fill: fail }), { message: 'no network' });
  t.deepEqual(await readdir(join(cache, 'kubectl-tp')), []);
  await t.notThrowsAsync(cached({ name: 'thing', key: 'k', fill: async () => undefined }));
});

test.serial(
  'of many entries those stay that were used last, or a short while ago, and all of other names',
  async (t) => {
    const cache = await useOwnCache(t);
    const make = (name: string, key: string) => cached({ name, key, fill: async () => undefined });
    const folders: string[] = [];
    for (let index = 0; index < 12; index += 1) folders.push(await make('thing', `v${index}`));
    const names = join(cache, 'kubectl-tp', 'thing-names');
    const others = [await make('thing-of-others', 'v'), names];
    await mkdir(names);
    t.deepEqual(
      folders.filter((folder) => !existsSync(folder)),
      [],
      'all are in use',
    );
    const hours = (count: number) => new Date(Date.now() - count * 3_600_000);
    for (const [index, folder] of [...folders, ...others].entries())
      await utimes(folder, hours(50 - index), hours(50 - index));
    // The oldest is used again.
    const oldest = await make('thing', 'v0');
    const newest = await make('thing', 'new');
    const left = [...folders, ...others, newest].filter((folder) => existsSync(folder));
    t.deepEqual(left, [oldest, ...folders.slice(6), ...others, newest]);
    t.is((await readdir(join(cache, 'kubectl-tp'))).length, left.length);
  },
);

test('a lock lets one in at a time, in spite of errors', async (t) => {
  const name = `test/${process.pid}`;
  let inside = 0;
  const work = async (i: number) => {
    inside += 1;
    t.is(inside, 1);
    await new Promise(setImmediate);
    inside -= 1;
    if (i % 2 === 0) throw new Error('even');
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((i) => withLock(name, () => work(i))));
  t.is(results.filter(({ status }) => status === 'rejected').length, 3);
});

test('the hash of files sees contents and names, folders included', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'hash-'));
  t.teardown(() => rm(root, { recursive: true }));
  await writeFile(join(root, 'a'), '1');
  const before = await hashFiles(root, ['.']);
  t.is(await hashFiles(root, ['.']), before);
  await writeFile(join(root, 'b'), '');
  const withName = await hashFiles(root, ['.']);
  await writeFile(join(root, 'b'), '2');
  t.is(new Set([before, withName, await hashFiles(root, ['.'])]).size, 3);
});

/** The cache's place comes from the environment, which the tests of this file share; hence they are serial. */
async function useOwnCache(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cache-'));
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = folder;
  t.teardown(async () => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    await rm(folder, { recursive: true });
  });
  return folder;
}
