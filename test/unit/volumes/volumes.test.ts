// Volumes of a container as files of the laptop: what is written, how it changes, and what never leaves the root.

import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CONFIG_MAPS, type Resource, SECRETS } from '../../../control-plane/src/api/index.ts';
import { KubernetesError, type KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import type { Container, Pod, Volume, VolumeMount } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import type { MountedVolumes } from '../../../kubectl-tp/src/volumes/mounted-volumes.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { createVolumeBook, type VolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { createMemoryKubernetes, type MemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { NO_LIVE_VOLUMES, NO_ORIGIN } from '../../helpers/no-live-volumes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const OWNER = { kind: 'ingest', namespace: 'shop', name: 'orders' } as const;
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

type Scene = {
  kubernetes: MemoryKubernetes;
  folder: string;
  book: VolumeBook;
  /** The book of the next session process. */
  reopen(): VolumeBook;
  mount(mounts: VolumeMount[], volumes: Volume[], root?: string): Promise<MountedVolumes>;
};

async function createScene(t: ExecutionContext): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-volumes-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const kubernetes = createMemoryKubernetes();
  put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: '1', b: '2' }, binaryData: { c: base64(Buffer.of(0, 255)) } });
  put(kubernetes, SECRETS, 'login', { data: { password: base64('p4ss') } });
  const reopen = () => {
    const { client } = kubernetes;
    const book = createVolumeBook({
      client,
      folder: join(folder, 'book'),
      openLive: NO_LIVE_VOLUMES,
      log: () => undefined,
    });
    t.teardown(() => book.close());
    return book;
  };
  const book = reopen();
  return {
    kubernetes,
    folder,
    book,
    reopen,
    mount(volumeMounts, volumes, root) {
      const container: Container = {
        name: 'app',
        volumeMounts,
        resources: { limits: { memory: '64Mi' } },
      };
      const pod: Pod = {
        metadata: { name: 'orders-1', namespace: 'shop', labels: { app: 'orders' } },
        spec: { containers: [container], volumes, serviceAccountName: 'robot' },
      };
      const plan = planMounts(container, pod, { MODE: 'test' });
      return book.mount({ owner: OWNER, pod, origin: NO_ORIGIN, plan, root }, new AbortController().signal);
    },
  };
}

function put({ put: store }: MemoryKubernetes, resource: Resource, name: string, data: object): void {
  store(resource, { metadata: { name, namespace: 'shop' }, ...data } as KubernetesObject);
}

const SETTINGS: Volume = { name: 'settings', configMap: { name: 'settings' } };

test('a ConfigMap and a Secret are files at their mount paths, for the user alone', async (t) => {
  const { mount, book, folder } = await createScene(t);
  const { root, mounts, missing } = await mount(
    [
      { name: 'settings', mountPath: '/etc/settings' },
      { name: 'login', mountPath: '/run/login/' },
    ],
    [SETTINGS, { name: 'login', secret: { secretName: 'login', defaultMode: 0o400 } }],
  );
  t.deepEqual(missing, []);
  t.deepEqual(mounts, ['/etc/settings', '/run/login/']);
  t.is(await readFile(join(root, 'etc/settings/a'), 'utf8'), '1');
  t.deepEqual(await readFile(join(root, 'etc/settings/c')), Buffer.of(0, 255));
  t.is(await readFile(join(root, 'run/login/password'), 'utf8'), 'p4ss');
  t.is((await stat(join(root, 'run/login/password'))).mode & 0o777, 0o400);
  t.is((await stat(root)).mode & 0o777, 0o700);
  t.is((await stat(join(folder, 'book'))).mode & 0o777, 0o700);
  await book.unmount(OWNER);
  t.deepEqual(await readdir(folder), [], 'no trace');
});

test('items, paths, modes, optional', async (t) => {
  const { mount } = await createScene(t);
  const items = [
    { key: 'a', path: 'deep/er/one', mode: 0o600 },
    { key: 'gone', path: 'two' },
  ];
  const { root, missing } = await mount(
    [
      { name: 'some', mountPath: '/some' },
      { name: 'strict', mountPath: '/strict' },
      { name: 'none', mountPath: '/none' },
      { name: 'absent', mountPath: '/absent' },
    ],
    [
      { name: 'some', configMap: { name: 'settings', items, optional: true, defaultMode: 0o640 } },
      { name: 'strict', configMap: { name: 'settings', items } },
      { name: 'none', secret: { secretName: 'nothing', optional: true } },
      { name: 'absent', secret: { secretName: 'nothing' } },
    ],
  );
  t.is(await readFile(join(root, 'some/deep/er/one'), 'utf8'), '1');
  t.is((await stat(join(root, 'some/deep/er/one'))).mode & 0o777, 0o600);
  t.deepEqual(visible(await readdir(join(root, 'some'))), ['deep']);
  t.deepEqual(visible(await readdir(join(root, 'none'))), []);
  t.deepEqual(missing, [
    'volume strict (/strict): ConfigMap settings has no key gone',
    'volume absent (/absent): Secret nothing: no nothing',
  ]);
});

test('a projected volume has token, objects and fields', async (t) => {
  const { kubernetes, mount } = await createScene(t);
  const asked: object[] = [];
  kubernetes.client.create = async <T>(resource: Resource, object: object): Promise<T> => {
    asked.push({ plural: resource.plural, ...object });
    const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString();
    return { status: { token: `token-${asked.length}`, expirationTimestamp } } as T;
  };
  const { root, missing } = await mount(
    [{ name: 'access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
    [
      {
        name: 'access',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } },
            { configMap: { name: 'settings', items: [{ key: 'a', path: 'ca.crt' }] } },
            {
              downwardAPI: {
                items: [
                  { path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } },
                  { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                  {
                    path: 'memory',
                    resourceFieldRef: { resource: 'limits.memory', containerName: 'app', divisor: '1Mi' },
                  },
                ],
              },
            },
          ],
        },
      },
    ],
  );
  t.deepEqual(missing, []);
  const read = (name: string) => readFile(join(root, 'var/run/secrets/kubernetes.io/serviceaccount', name), 'utf8');
  const files = await Promise.all(['token', 'ca.crt', 'namespace', 'labels', 'memory'].map(read));
  t.deepEqual(files, ['token-1', '1', 'shop', 'app="orders"', '64']);
  t.like(asked[0], {
    plural: 'serviceaccounts/robot/token',
    spec: { audiences: ['vault'], expirationSeconds: 600 },
  });
  put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: 'new' } });
  await waitFor('the change is there', async () => (await read('ca.crt')) === 'new');
  t.is(asked.length, 1, 'a token that is good yet is kept');
});

test('a missing right costs its volume, not the others; kinds that are not there are named', async (t) => {
  const { kubernetes, mount } = await createScene(t);
  const { get } = kubernetes.client;
  kubernetes.client.get = (resource, ref, options) => {
    if (resource === SECRETS) throw new KubernetesError('KUBERNETES_REFUSED', 'may not', { status: 403 });
    return get(resource, ref, options);
  };
  const { root, mounts, missing } = await mount(
    [
      { name: 'login', mountPath: '/login' },
      { name: 'cache', mountPath: '/cache' },
      { name: 'data', mountPath: '/data' },
      { name: 'settings', mountPath: '/settings' },
    ],
    [
      { name: 'login', secret: { secretName: 'login', optional: true } },
      { name: 'cache', emptyDir: {} } as Volume,
      { name: 'data', persistentVolumeClaim: { claimName: 'x' } } as Volume,
      SETTINGS,
    ],
  );
  t.deepEqual(mounts, ['/settings']);
  t.deepEqual(missing, [
    'volume login (/login): Secret login: may not',
    'volume cache (/cache): there is no pod',
    'volume data (/data): there is no pod',
  ]);
  t.deepEqual(await readdir(root), ['settings']);
});

test('a change is one rename: readers see all old files or all new ones', async (t) => {
  const { kubernetes, mount } = await createScene(t);
  const { root } = await mount([{ name: 'settings', mountPath: '/s' }], [SETTINGS]);
  const folder = join(root, 's');
  const before = await readlink(join(folder, '..data'));
  t.is(await readlink(join(folder, 'a')), '..data/a');
  const old = await realpath(join(folder, '..data'));
  for (let version = 1; version <= 20; version++) {
    put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: `${version}`, d: `${version}` } });
    await waitFor('the change is there', async () => {
      // Through one folder, as a reader that looks at both.
      const data = await realpath(join(folder, '..data'));
      const [a, d] = await Promise.all(
        ['a', 'd'].map((name) => readFile(join(data, name), 'utf8').catch(() => undefined)),
      );
      if (data !== old && a !== undefined && d !== undefined) t.is(a, d);
      return a === `${version}`;
    });
  }
  await waitFor(
    'old folders are gone',
    async () => (await readdir(folder)).filter((name) => name.startsWith('..')).length === 2,
  );
  t.not(await readlink(join(folder, '..data')), before);
  await waitFor('old links are gone', async () => visible(await readdir(folder)).join() === 'a,d');
  kubernetes.remove(CONFIG_MAPS, 'settings');
  put(kubernetes, CONFIG_MAPS, 'other', {});
  t.is(await readFile(join(folder, 'a'), 'utf8'), '20', 'what is deleted in the cluster stays, as in a pod');
});

test('a part of a volume is a file or a folder, and stays as it was', async (t) => {
  const { kubernetes, mount } = await createScene(t);
  put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: '1', b: '2' } });
  const deep: Volume = {
    name: 'deep',
    configMap: {
      name: 'settings',
      items: [
        { key: 'a', path: 'test/x/a' },
        { key: 'b', path: 'live/b' },
      ],
    },
  };
  const { root, missing } = await mount(
    [
      { name: 'settings', mountPath: '/etc/app.conf', subPath: 'a' },
      { name: 'settings', mountPath: '/whole' },
      { name: 'deep', mountPath: '/deep', subPathExpr: '$(MODE)' },
      { name: 'deep', mountPath: '/gone', subPath: 'nowhere' },
    ],
    [SETTINGS, deep],
  );
  t.deepEqual(missing, ['volume deep (/gone): it has no nowhere']);
  t.is(await readFile(join(root, 'etc/app.conf'), 'utf8'), '1');
  t.is(await readFile(join(root, 'deep/x/a'), 'utf8'), '1');
  put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: 'new', b: '2' } });
  await waitFor('the whole follows', async () => (await readFile(join(root, 'whole/a'), 'utf8')) === 'new');
  t.is(await readFile(join(root, 'etc/app.conf'), 'utf8'), '1');
});

test('a mount inside of another hides what is there', async (t) => {
  const { mount } = await createScene(t);
  const outer: Volume = {
    name: 'outer',
    configMap: {
      name: 'settings',
      items: [
        { key: 'a', path: 'in/a' },
        { key: 'b', path: 'b' },
      ],
    },
  };
  const { root, missing } = await mount(
    [
      { name: 'login', mountPath: '/o/in' },
      { name: 'outer', mountPath: '/o' },
    ],
    [outer, { name: 'login', secret: { secretName: 'login' } }],
  );
  t.deepEqual(missing, []);
  t.is(await readFile(join(root, 'o/b'), 'utf8'), '2');
  t.deepEqual(visible(await readdir(join(root, 'o/in'))), ['password']);
});

test('nothing from the cluster leaves the root', async (t) => {
  const { kubernetes, mount, folder } = await createScene(t);
  const key = (name: string, key: string) => {
    put(kubernetes, CONFIG_MAPS, name, { data: { [key]: 'evil' } });
    return { name, configMap: { name } };
  };
  const item = (name: string, path: string) => ({ name, configMap: { name: 'settings', items: [{ key: 'a', path }] } });
  const outside = join(folder, 'outside');
  await mkdir(outside);
  const volumes: Volume[] = [
    key('up', '../../evil'),
    key('dots', '..'),
    key('data', '..data'),
    key('zero', 'a\0b'),
    item('item-up', '../evil'),
    item('item-deep', 'x/../../evil'),
    item('item-data', '..data/evil'),
    item('clash', 'x/y/z'),
    SETTINGS,
  ];
  const { root, mounts, missing } = await mount(
    [
      ...volumes.slice(0, 7).map(({ name }) => ({ name, mountPath: `/m/${name}` })),
      { name: 'settings', mountPath: '/../../outside' },
      { name: 'settings', mountPath: '../outside' },
      { name: 'settings', mountPath: '/m/..data/x' },
      { name: 'settings', mountPath: '/' },
      { name: 'settings', mountPath: '/sub', subPath: '../settings' },
      { name: 'item-up', mountPath: `/${'x'.repeat(300)}` },
    ],
    volumes,
  );
  t.deepEqual(mounts, []);
  t.is(missing.length, 13);
  t.deepEqual(await readdir(outside), []);
  const all = await readdir(folder, { recursive: true });
  t.false(all.some((name) => name.includes('evil')));
  t.true((await readdir(root)).every((name) => name === 'm'));
});

test('an absolute path of an item is one below the root', async (t) => {
  const { mount } = await createScene(t);
  const volume = { name: 'v', configMap: { name: 'settings', items: [{ key: 'a', path: '/etc/passwd' }] } };
  const { root } = await mount([{ name: 'v', mountPath: '/v' }], [volume]);
  t.is(await readFile(join(root, 'v/etc/passwd'), 'utf8'), '1');
});

test('a link in the way is not followed', async (t) => {
  const { kubernetes, mount, folder } = await createScene(t);
  const outside = join(folder, 'outside');
  await mkdir(outside);
  const { root } = await mount([{ name: 'settings', mountPath: '/s/in' }], [SETTINGS]);
  await rm(join(root, 's'), { recursive: true });
  await symlink(outside, join(root, 's'));
  put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: 'new' } });
  const again = await mount([{ name: 'settings', mountPath: '/s/in' }], [SETTINGS]);
  t.regex(again.missing.join(), /is no folder/);
  t.deepEqual(await readdir(outside), []);
});

test('a folder of choice: made or empty, and as it was afterwards', async (t) => {
  const { mount, book, folder } = await createScene(t);
  const mounts = [{ name: 'settings', mountPath: '/s' }];
  const made = join(folder, 'made');
  t.is((await mount(mounts, [SETTINGS], made)).root, made);
  t.is((await mount(mounts, [SETTINGS], made)).root, made, 'the same again is the same');
  const empty = join(folder, 'empty');
  await mkdir(empty);
  await mount(mounts, [SETTINGS], empty);
  t.deepEqual((await readdir(folder)).sort(), ['book', 'empty'], 'another folder takes its place');
  t.is((await stat(empty)).mode & 0o777, 0o700);
  await book.unmountAll();
  t.deepEqual(await readdir(folder), ['empty']);
  t.deepEqual(await readdir(empty), []);
  await writeFile(join(empty, 'mine'), '');
  await t.throwsAsync(mount(mounts, [SETTINGS], empty), { code: 'BAD_MOUNT', message: /not empty/ });
  await t.throwsAsync(mount(mounts, [SETTINGS], join(empty, 'mine')), { code: 'BAD_MOUNT' });
  t.deepEqual(await readdir(folder), ['empty'], 'nothing is left of the attempt');
  t.deepEqual(await readdir(empty), ['mine']);
});

test('the next process keeps what is needed current, and removes the rest', async (t) => {
  const { kubernetes, mount, book, reopen, folder } = await createScene(t);
  const { root } = await mount([{ name: 'settings', mountPath: '/s' }], [SETTINGS]);
  await book.close();
  put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: 'meanwhile' } });
  const next = reopen();
  await next.resume(() => true);
  t.is(await readFile(join(root, 's/a'), 'utf8'), 'meanwhile');
  t.deepEqual(next.all(), [{ owner: OWNER, root }]);
  put(kubernetes, CONFIG_MAPS, 'settings', { data: { a: 'later' } });
  await waitFor('the change is there', async () => (await readFile(join(root, 's/a'), 'utf8')) === 'later');
  await next.close();
  await reopen().resume(() => false);
  t.deepEqual(await readdir(folder), []);
});

function visible(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith('..')).sort();
}
