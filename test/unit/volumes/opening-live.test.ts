// What the book of volumes asks of those that open live ones, and what it does while they are at it.

import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { ownerOf } from '../../../kubectl-tp/src/session/ingest.ts';
import type { LiveMounts, OpenLiveMounts } from '../../../kubectl-tp/src/volumes/live/open-live-mounts.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { createVolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { NO_ORIGIN } from '../../helpers/no-live-volumes.ts';

const OWNER = ownerOf({ namespace: 'shop', target: { kind: 'Service', name: 'orders' } });
const CONTAINER = { name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }] };
const POD: Pod = {
  metadata: { name: 'orders-1', namespace: 'shop' },
  spec: { containers: [CONTAINER], volumes: [{ name: 'data' }] },
};

async function createScene(t: ExecutionContext, openLive: OpenLiveMounts) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tp-opening-')));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { client } = createMemoryKubernetes();
  const book = createVolumeBook({ client, folder: join(folder, 'book'), openLive, log: () => undefined });
  t.teardown(() => book.close());
  const mount = (root?: string) =>
    book.mount(
      { owner: OWNER, pod: POD, origin: NO_ORIGIN, plan: planMounts(CONTAINER, POD, {}), root },
      new AbortController().signal,
    );
  return { book, folder, mount };
}

for (const end of ['unmount', 'unmountAll', 'close'] as const) {
  test(`${end} does not wait for a pod that is slow`, async (t) => {
    const opening = Promise.withResolvers<void>();
    const never: OpenLiveMounts = (_, signal) => {
      opening.resolve();
      return new Promise<LiveMounts>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const { book, mount } = await createScene(t, never);
    const mounting = t.throwsAsync(mount(), { message: /not wanted/ });
    await opening.promise;
    await book[end](OWNER);
    await mounting;
  });
}

test('a folder of choice below a link has its real name everywhere, also the second time', async (t) => {
  const roots: string[] = [];
  const open: OpenLiveMounts = async ({ root }) => {
    roots.push(root);
    return { mounts: [], missing: [], notes: [], close: async () => undefined };
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
