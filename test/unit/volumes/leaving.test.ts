// Who leaves takes away what came from the pod: not what a person put beside it, and not what others hold yet.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CONFIG_MAPS, SECRETS } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import type { Pod, Volume, VolumeMount } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { ownerOf } from '../../../kubectl-tp/src/session/containers/ingest.ts';
import type { Session } from '../../../kubectl-tp/src/session/session.ts';
import { createUnusedLook } from '../../../kubectl-tp/src/session/unused-things.ts';
import { createHolders } from '../../../kubectl-tp/src/volumes/holders.ts';
import type { VolumeWish } from '../../../kubectl-tp/src/volumes/mount-volumes.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { createVolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { NO_LIVE_VOLUMES, NO_ORIGIN } from '../../helpers/no-live-volumes.ts';

const ORDERS = { namespace: 'shop', target: { kind: 'Service', name: 'orders' } } as const;
const OWNER = ownerOf(ORDERS);
const SETTINGS: Volume = { name: 'settings', configMap: { name: 'settings' } };
const MOUNTS: VolumeMount[] = [{ name: 'settings', mountPath: '/s' }];

async function createScene(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tp-leaving-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { client, put } = createMemoryKubernetes();
  put(CONFIG_MAPS, { metadata: { name: 'settings', namespace: 'shop' }, data: { a: '1' } } as KubernetesObject);
  put(SECRETS, { metadata: { name: 'login', namespace: 'shop' }, data: { password: 'cDRzcw==' } } as KubernetesObject);
  const logged: object[] = [];
  const log = (_: string, fields: object = {}) => void logged.push(fields);
  const reopen = () => {
    const book = createVolumeBook({ client, folder: join(folder, 'book'), openLive: NO_LIVE_VOLUMES, log });
    t.teardown(() => book.close());
    return book;
  };
  const book = reopen();
  return {
    book,
    folder,
    /** The book of the next session process. */
    reopen,
    /** Fields of what the book has told its log. */
    logged,
    mount(
      volumeMounts: VolumeMount[],
      volumes: Volume[],
      root?: string,
      { owner = OWNER, ...wish }: Partial<VolumeWish> = {},
    ) {
      const container = { name: 'app', volumeMounts };
      const pod: Pod = {
        metadata: { name: 'orders-1', namespace: 'shop' },
        spec: { containers: [container], volumes },
      };
      return book.mount(
        { owner, pod, origin: NO_ORIGIN, plan: planMounts(container, pod, {}), root, ...wish },
        new AbortController().signal,
      );
    },
  };
}

for (const kind of ['was there, empty', 'was made'] as const) {
  test(`a folder of choice that ${kind}: a person's own files in it stay, and are named in the log`, async (t) => {
    const { mount, book, folder, logged } = await createScene(t);
    const root = join(folder, 'chosen');
    if (kind === 'was there, empty') await mkdir(root);
    const part = { name: 'settings', mountPath: '/etc/app.conf', subPath: 'a' };
    const whole = { name: 'settings', mountPath: '/etc/s' };
    await mount(
      [whole, { name: 'login', mountPath: '/etc/s/in' }, part, { name: 'login', mountPath: '/l' }],
      [SETTINGS, { name: 'login', secret: { secretName: 'login' } }],
      root,
    );
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, '..data'), 'theirs');
    await writeFile(join(root, 'mine'), 'm');
    await writeFile(join(root, 'etc/s/mine'), 'm');
    await mkdir(join(root, 'etc/s/in/own'));
    await symlink('/etc/hosts', join(root, 'etc/hosts'));
    await rm(join(root, 'l'), { recursive: true });
    await symlink(outside, join(root, 'l'));
    await book.unmount(OWNER);
    t.deepEqual((await readdir(root, { recursive: true })).sort(), [
      'etc',
      'etc/hosts',
      'etc/s',
      'etc/s/in',
      'etc/s/in/own',
      'etc/s/mine',
      'l',
      // As readdir shows it, through the link.
      'l/..data',
      'mine',
    ]);
    t.deepEqual(await readdir(outside), ['..data'], 'no link is followed');
    t.deepEqual(logged, [{ root, left: ['etc', 'l', 'mine'] }]);
    t.deepEqual(book.all(), []);
  });
}

test('what another pod of the same owner had goes when this one has it no more', async (t) => {
  const { mount, book, folder } = await createScene(t);
  const root = join(folder, 'chosen');
  await mount(
    [
      { name: 'settings', mountPath: '/old/s' },
      { name: 'settings', mountPath: '/both' },
    ],
    [SETTINGS],
    root,
  );
  await mount([{ name: 'settings', mountPath: '/both' }], [SETTINGS], root);
  t.deepEqual(await readdir(root), ['both']);
  await book.unmount(OWNER);
  t.deepEqual(await readdir(folder), []);
});

test('the last of several holders takes the files away', async (t) => {
  const { mount, book, folder } = await createScene(t);
  const [first, second, stranger] = [{}, {}, {}];
  const { root } = await mount(MOUNTS, [SETTINGS], undefined, { holder: first });
  t.is((await mount(MOUNTS, [SETTINGS], undefined, { holder: second })).root, root);
  await book.release(OWNER, first);
  await book.release(OWNER, first);
  await book.release(OWNER, stranger);
  t.is(await readFile(join(root, 's/a'), 'utf8'), '1');
  await book.release(OWNER, second);
  t.deepEqual(await readdir(folder), []);
});

test('files that somebody wanted to stay outlast the commands that use them, until they are left', async (t) => {
  const { mount, book, folder } = await createScene(t);
  const holder = {};
  const { root } = await mount(MOUNTS, [SETTINGS]);
  await mount(MOUNTS, [SETTINGS], undefined, { holder });
  await book.release(OWNER, holder);
  t.is(await readFile(join(root, 's/a'), 'utf8'), '1');
  await book.unmount(OWNER);
  t.deepEqual(await readdir(folder), []);
});

test('ingests of one target with another container or folder have nothing to do with each other', async (t) => {
  const { mount, book, folder } = await createScene(t);
  const chosen = join(folder, 'chosen');
  const sidecar = ownerOf({ ...ORDERS, container: 'sidecar' });
  const elsewhere = ownerOf({ ...ORDERS, volumes: { root: chosen } });
  const { root } = await mount(MOUNTS, [SETTINGS]);
  const other = await mount(MOUNTS, [SETTINGS], undefined, { owner: sidecar });
  await mount(MOUNTS, [SETTINGS], chosen, { owner: elsewhere });
  t.not(other.root, root);
  await book.unmount(sidecar);
  await book.unmount(elsewhere);
  t.is(await readFile(join(root, 's/a'), 'utf8'), '1');
  t.deepEqual(await readdir(folder), ['book']);
});

const noSession = { live: () => undefined } as unknown as Session;

test('files of an earlier process go when their holder does not come back; those that are to stay do not', async (t) => {
  const { mount, book, folder, reopen } = await createScene(t);
  const held = await mount(MOUNTS, [SETTINGS], undefined, { holder: {} });
  const sidecar = ownerOf({ ...ORDERS, container: 'sidecar' });
  const { root: staying } = await mount(MOUNTS, [SETTINGS], undefined, { owner: sidecar });
  t.deepEqual(book.unheld(), []);
  await book.close();
  const next = reopen();
  await next.resume(() => true);
  t.deepEqual(next.unheld(), [OWNER]);
  const look = createUnusedLook({ session: noSession, volumes: next }, () => undefined);
  await look();
  t.true(existsSync(held.root), 'its command may come back');
  await look();
  t.false(existsSync(held.root));
  t.true(existsSync(staying));
  await next.unmountUnheld(sidecar);
  t.true(existsSync(staying));
  await next.unmountAll();
  t.deepEqual(await readdir(folder), []);
});

test('files of an earlier process stay while their command asks for them in vain', async (t) => {
  const { mount, book, reopen } = await createScene(t);
  const { root } = await mount(MOUNTS, [SETTINGS], undefined, { holder: {} });
  await book.close();
  const next = reopen();
  await next.resume(() => true);
  next.expect(OWNER);
  t.deepEqual(next.unheld(), []);
  await next.unmountUnheld(OWNER);
  t.true(existsSync(root));
});

test('who has asked is expected for two minutes', (t) => {
  let nowMs = 0;
  const holders = createHolders(() => nowMs);
  t.false(holders.isExpected(OWNER));
  holders.expect(OWNER);
  nowMs = 119_999;
  t.true(holders.isExpected(OWNER));
  nowMs = 120_000;
  t.false(holders.isExpected(OWNER));
});

test('a book that is closed leaves files to the next process', async (t) => {
  const { mount, book, reopen } = await createScene(t);
  const holder = {};
  const { root } = await mount(MOUNTS, [SETTINGS], undefined, { holder });
  await book.close();
  await t.throwsAsync(book.release(OWNER, holder), { code: 'SESSION_PROCESS_LOST' });
  await t.throwsAsync(book.unmount(OWNER), { code: 'SESSION_PROCESS_LOST' });
  await t.throwsAsync(mount(MOUNTS, [SETTINGS]), { code: 'SESSION_PROCESS_LOST' });
  t.is(await readFile(join(root, 's/a'), 'utf8'), '1');
  const next = reopen();
  await next.resume(() => true);
  t.is(next.all().length, 1);
});

test('files that can not be removed keep no others here', async (t) => {
  const { mount, book, folder, logged, reopen } = await createScene(t);
  const sidecar = ownerOf({ ...ORDERS, container: 'sidecar' });
  const { root } = await mount(MOUNTS, [SETTINGS], join(folder, 'chosen'), { owner: sidecar });
  const { root: other } = await mount(MOUNTS, [SETTINGS]);
  await book.close();
  // Stands for a folder of root's, which nobody else can remove: a name that no file can have.
  const records = (await readdir(join(folder, 'book'))).filter((name) => name.endsWith('.json'));
  for (const name of records) {
    const path = join(folder, 'book', name);
    const record = JSON.parse(await readFile(path, 'utf8'));
    if (record.root === root) await writeFile(path, JSON.stringify({ ...record, mounts: [{ path: ['s', 1] }] }));
  }
  const next = reopen();
  await next.resume(() => false);
  t.false(existsSync(other));
  t.is(logged.length, 1);
  await t.throwsAsync(next.unmountAll());
});
