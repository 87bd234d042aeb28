// What the book of volumes asks of those that open live ones, and what it does while they are at it.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { KubernetesClient } from '../../../control-plane/src/kubernetes/index.ts';
import type { Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { ownerOf } from '../../../kubectl-tp/src/session/containers/ingest.ts';
import type { LiveMounts, OpenLiveMounts } from '../../../kubectl-tp/src/volumes/live/open-live-mounts.ts';
import type { VolumeWish } from '../../../kubectl-tp/src/volumes/mount-volumes.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { createVolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { NO_ORIGIN } from '../../helpers/no-live-volumes.ts';

const OWNER = ownerOf({ namespace: 'shop', target: { kind: 'Service', name: 'orders' } });
const OTHER = { ...OWNER, name: 'Service/other' };
const CONTAINER = { name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }] };
const POD: Pod = {
  metadata: { name: 'orders-1', namespace: 'shop' },
  spec: { containers: [CONTAINER], volumes: [{ name: 'data' }] },
};
const READER = { name: 'app', volumeMounts: [{ name: 'settings', mountPath: '/s' }] };
const READERS_POD: Pod = {
  ...POD,
  spec: { containers: [READER], volumes: [{ name: 'settings', configMap: { name: 'settings' } }] },
};

const { client: CLIENT } = createMemoryKubernetes();
const THERE: Promise<LiveMounts> = Promise.resolve({
  mounts: [],
  missing: [],
  notes: [],
  close: async () => undefined,
});

type Around = { readonly earlier?: string; readonly client?: KubernetesClient };

async function createScene(t: ExecutionContext, openLive: OpenLiveMounts, { earlier, client = CLIENT }: Around = {}) {
  const folder = earlier ?? (await realpath(await mkdtemp(join(tmpdir(), 'tp-opening-'))));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const book = createVolumeBook({ client, folder: join(folder, 'book'), openLive, log: () => undefined });
  t.teardown(() => book.close());
  const mount = (root?: string, wish: Partial<VolumeWish> = {}) =>
    book.mount(
      { owner: OWNER, pod: POD, origin: NO_ORIGIN, plan: planMounts(CONTAINER, POD, {}), root, ...wish },
      new AbortController().signal,
    );
  return { book, folder, mount };
}

/** Says when it is asked, which is once; is never there. */
function createNever(): { readonly opening: Promise<void>; readonly open: OpenLiveMounts } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isAsked = false;
  return {
    opening: promise,
    async open(_, signal) {
      if (isAsked) throw new Error('asked twice');
      isAsked = true;
      resolve();
      return new Promise<LiveMounts>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  };
}

for (const [end, reason] of [
  ['unmount', /not wanted/],
  ['unmountAll', /not wanted/],
  ['close', /session process ends/],
] as const) {
  test(`${end} does not wait for a pod that is slow`, async (t) => {
    const { opening, open } = createNever();
    const { book, mount } = await createScene(t, open);
    const mounting = t.throwsAsync(mount(), { message: reason });
    await opening;
    await book[end](OWNER);
    await mounting;
  });

  test(`${end} does not wait for a cluster that is slow to give what files are made of`, async (t) => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const get: KubernetesClient['get'] = async (_resource, _ref, { signal = new AbortController().signal } = {}) => {
      resolve();
      return unlessAborted(new Promise<never>(() => undefined), signal);
    };
    const { book, mount } = await createScene(t, () => THERE, { client: { ...CLIENT, get } });
    const mounting = t.throwsAsync(mount(undefined, { plan: planMounts(READER, READERS_POD, {}) }), {
      message: reason,
    });
    await asked;
    await book[end](OWNER);
    await mounting;
  });
}

test('files that are mounted once more while the process ends stay for the next one', async (t) => {
  const { opening, open } = createNever();
  const earlier = await createScene(t, () => THERE);
  const { folder } = earlier;
  const chosen = join(folder, 'chosen');
  await earlier.mount(chosen, { holder: {} });
  await earlier.book.close();
  const records = await readdir(join(folder, 'book'));
  const { book, mount } = await createScene(t, open, { earlier: folder });
  const again = t.throwsAsync(mount(chosen, { holder: {} }), { message: /session process ends/ });
  await opening;
  await book.close();
  await again;
  t.true(existsSync(chosen));
  t.deepEqual(await readdir(join(folder, 'book')), records);
});

test('files of one owner come and go while a pod of another one is slow', async (t) => {
  const { opening, open } = createNever();
  const slow: OpenLiveMounts = (wish, signal) => (wish.root.includes('slow') ? open(wish, signal) : THERE);
  const { book, folder, mount } = await createScene(t, slow);
  const mounting = t.throwsAsync(mount(join(folder, 'slow')), { message: /not wanted/ });
  await opening;
  const holder = {};
  const { root } = await unlessAborted(mount(undefined, { owner: OTHER, holder }), AbortSignal.timeout(20_000));
  t.true(existsSync(root));
  await book.release(OTHER, holder);
  t.false(existsSync(root));
  await book.unmountAll();
  await mounting;
});

test('two that want one folder at once do not get it both', async (t) => {
  const { opening, open } = createNever();
  const { book, folder, mount } = await createScene(t, open);
  const chosen = join(folder, 'chosen');
  const mounting = t.throwsAsync(mount(chosen), { message: /not wanted/ });
  await opening;
  await t.throwsAsync(mount(chosen, { owner: OTHER }), { code: 'BAD_MOUNT', message: /another command/ });
  await book.unmount(OWNER);
  await mounting;
});

test('a second time what was copied is gone, but not its folder: a command may have something mounted there', async (t) => {
  const seen: { readonly folder: readonly number[]; readonly names: readonly string[] }[] = [];
  const open: OpenLiveMounts = async ({ root }) => {
    const data = join(root, 'data');
    await mkdir(data, { recursive: true });
    const { ino, birthtimeMs } = await stat(data);
    seen.push({ folder: [ino, birthtimeMs], names: await readdir(data) });
    await writeFile(join(data, 'copied'), '');
    return THERE;
  };
  const { mount } = await createScene(t, open);
  await mount();
  await mount();
  const [first] = seen;
  t.deepEqual(seen, [first, first]);
  t.deepEqual(first?.names, []);
});

test('files that are being mounted are held', async (t) => {
  const { opening, open } = createNever();
  const { book, mount } = await createScene(t, open);
  const mounting = t.throwsAsync(mount(undefined, { holder: {} }), { message: /not wanted/ });
  await opening;
  t.deepEqual(book.unheld(), []);
  await book.unmount(OWNER);
  await mounting;
});

test('a folder of choice below a link has its real name everywhere, also the second time', async (t) => {
  const roots: string[] = [];
  const open: OpenLiveMounts = ({ root }) => {
    roots.push(root);
    return THERE;
  };
  const { book, folder, mount } = await createScene(t, open);
  await mkdir(join(folder, 'there'));
  await symlink('there', join(folder, 'link'));
  const [asked, real] = [join(folder, 'link/x'), join(folder, 'there/x')];
  t.is((await mount(asked)).root, real);
  await t.notThrowsAsync(book.assertUsable(OWNER, asked));
  t.is((await mount(asked)).root, real);
  t.deepEqual(roots, [real, real]);
  t.deepEqual(book.all(), [{ owner: OWNER, root: real }]);
});
