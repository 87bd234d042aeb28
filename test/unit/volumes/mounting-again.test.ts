// Files of one owner that are mounted once more, in vain: who had them before has them on, kept current as before.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CONFIG_MAPS } from '../../../control-plane/src/api/index.ts';
import type { KubernetesClient, KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import type { Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import type { OpenLiveMounts } from '../../../kubectl-tp/src/volumes/live/open-live-mounts.ts';
import { type LiveMount, planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { createVolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { NO_LIVE_VOLUMES, NO_ORIGIN } from '../../helpers/no-live-volumes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const OWNER = { kind: 'ingest', namespace: 'shop', name: 'Service/orders' } as const;
const CONTAINER = {
  name: 'app',
  volumeMounts: [
    { name: 'settings', mountPath: '/s' },
    { name: 'data', mountPath: '/data' },
  ],
};
const POD: Pod = {
  metadata: { name: 'orders-1', namespace: 'shop' },
  spec: { containers: [CONTAINER], volumes: [{ name: 'settings', configMap: { name: 'settings' } }, { name: 'data' }] },
};
const PLAN = planMounts(CONTAINER, POD, {});

async function createScene(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tp-again-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { client: memory, put } = createMemoryKubernetes();
  const watches: AbortSignal[] = [];
  let onRead: ((signal: AbortSignal) => Promise<never>) | undefined;
  const client: KubernetesClient = {
    ...memory,
    async get(resource, ref, options) {
      await onRead?.(options?.signal ?? new AbortController().signal);
      return memory.get(resource, ref, options);
    },
    watch(resource, options) {
      watches.push(options.signal);
      return memory.watch(resource, options);
    },
  };
  const open: { live: OpenLiveMounts } = { live: NO_LIVE_VOLUMES };
  const book = createVolumeBook({
    client,
    folder: join(folder, 'book'),
    openLive: (...wish) => open.live(...wish),
    log: () => undefined,
  });
  t.teardown(() => book.close());
  const set = (a: string) =>
    put(CONFIG_MAPS, { metadata: { name: 'settings', namespace: 'shop' }, data: { a } } as KubernetesObject);
  set('1');
  return {
    book,
    open,
    set,
    /** From now on the cluster does not answer. Resolves when it is asked. */
    fallSilent: () =>
      new Promise<void>((resolve) => {
        onRead = (signal) => {
          resolve();
          return unlessAborted(new Promise(() => undefined), signal);
        };
      }),
    /** How many keep the one ConfigMap current. */
    watching: () => watches.filter(({ aborted }) => !aborted).length,
    mount: (holder: object, plan = PLAN) =>
      book.mount({ owner: OWNER, pod: POD, origin: NO_ORIGIN, plan, holder }, new AbortController().signal),
  };
}

test('where what was there before can not be cleared', async (t) => {
  const { set, watching, mount } = await createScene(t);
  // Stands for a mount that can't be undone: a name that no file can have.
  const stuck: LiveMount = { volume: 'data', mountPath: '/data', path: ['\0'], isReadOnly: true };
  const plan = { ...PLAN, live: [stuck] };
  const { root } = await mount({}, plan);
  await t.throwsAsync(mount({}, plan), { code: 'ERR_INVALID_ARG_VALUE' });
  set('2');
  await waitFor('the file is current', async () => (await readFile(join(root, 's/a'), 'utf8')) === '2');
  t.is(watching(), 1);
});

test('where a pod does not give its live volumes', async (t) => {
  const { book, open, watching, mount } = await createScene(t);
  const holder = {};
  await mount(holder);
  open.live = () => Promise.reject(new Error('enough'));
  await t.throwsAsync(mount({}), { message: 'enough' });
  await waitFor('the file is kept current', () => watching() > 0);
  t.is(watching(), 1);
  await book.release(OWNER, holder);
  t.is(watching(), 0);
});

test('where the cluster is slow, until somebody leaves the files and does not wait for it', async (t) => {
  const { book, fallSilent, watching, mount } = await createScene(t);
  await mount({});
  const asked = fallSilent();
  const mounting = t.throwsAsync(mount({}), { message: /not wanted/ });
  await asked;
  await book.unmount(OWNER);
  await mounting;
  t.is(watching(), 0);
});
