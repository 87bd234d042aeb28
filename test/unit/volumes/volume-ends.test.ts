// Files of a pod end with the intercept they belong to.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CONFIG_MAPS, type Intercept } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import { createVolumeEnds } from '../../../kubectl-tp/src/session/containers/volume-ends.ts';
import type { LiveSession } from '../../../kubectl-tp/src/session/live-session.ts';
import type { Session } from '../../../kubectl-tp/src/session/session.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { createVolumeBook, type VolumeBook } from '../../../kubectl-tp/src/volumes/volume-book.ts';
import { type Bell, createBell } from '../../../kubectl-tp/src/waiting/bell.ts';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { NO_LIVE_VOLUMES, NO_ORIGIN } from '../../helpers/no-live-volumes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const OWNER = { kind: 'intercept', namespace: 'shop', name: 'orders-1' } as const;
const { signal } = new AbortController();

type Scene = {
  /** A book with the files of one intercept in it. */
  mounted(): Promise<VolumeBook>;
  reopen(): VolumeBook;
  names(): Promise<string[]>;
};

async function createScene(t: ExecutionContext): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'tp-ends-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const kubernetes = createMemoryKubernetes();
  kubernetes.put(CONFIG_MAPS, { metadata: { name: 'settings' }, data: { a: '1' } } as KubernetesObject);
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
  return {
    reopen,
    names: () => readdir(folder),
    async mounted() {
      const book = reopen();
      const container = { name: 'app', volumeMounts: [{ name: 's', mountPath: '/s' }] };
      const volumes = [{ name: 's', configMap: { name: 'settings' } }];
      const pod = { metadata: { name: 'p' }, spec: { containers: [container], volumes } };
      await book.mount({ owner: OWNER, pod, origin: NO_ORIGIN, plan: planMounts(container, pod, {}) }, signal);
      return book;
    },
  };
}

type Held = { session: Session; end(): void; begin(): void };

/** A session that holds the intercept until `end`, and again from `begin` on. */
function holding(isOpen = true): Held {
  const bell: Bell = createBell();
  const intercept = { metadata: OWNER } as unknown as Intercept;
  let held: Intercept | undefined = intercept;
  const live = { bell, table: { get: () => held } } as unknown as LiveSession;
  return {
    session: { live: () => (isOpen ? live : undefined), resume: async () => undefined } as unknown as Session,
    end() {
      held = undefined;
      bell.ring();
    },
    begin() {
      held = intercept;
    },
  };
}

test('whoever ends the intercept, the files go', async (t) => {
  const { mounted, names } = await createScene(t);
  const { session, end } = holding();
  const ends = createVolumeEnds({ session, volumes: await mounted() }, '/nowhere', () => undefined);
  const gone = ends.unmountWhenEnded(OWNER);
  t.deepEqual(await names(), ['book']);
  end();
  await gone;
  t.deepEqual(await names(), []);
});

test('however often its command is run, an intercept is waited for once; the next of its name is, too', async (t) => {
  const { mounted } = await createScene(t);
  const { session, end, begin } = holding();
  let unmounts = 0;
  const unmounting = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const unmount = async () => unmounting[unmounts++]?.promise;
  const volumes = { ...(await mounted()), unmount };
  const { unmountWhenEnded } = createVolumeEnds({ session, volumes }, '/nowhere', () => undefined);
  const gone = unmountWhenEnded(OWNER);
  await unlessAborted(unmountWhenEnded(OWNER), AbortSignal.timeout(10_000));
  end();
  await waitFor('its files are going', () => unmounts === 1);
  begin();
  const nextGone = unmountWhenEnded(OWNER);
  end();
  await waitFor('files of the next one are going', () => unmounts === 2);
  for (const { resolve } of unmounting) resolve();
  await t.notThrowsAsync(Promise.all([gone, nextGone]));
});

test('files that can not be removed are told to the log, and to nobody else', async (t) => {
  const { mounted } = await createScene(t);
  const { session, end } = holding();
  const said: unknown[] = [];
  // As a folder of root does, whose files are another user's to remove.
  const unmount = () => Promise.reject(new Error('EACCES: permission denied'));
  const volumes = { ...(await mounted()), unmount };
  const log = (text: string, fields?: object) => void said.push([text, fields]);
  const gone = createVolumeEnds({ session, volumes }, '/nowhere', log).unmountWhenEnded(OWNER);
  end();
  await t.notThrowsAsync(gone);
  const { namespace, name } = OWNER;
  t.deepEqual(said, [
    ['files of an ended intercept stay', { namespace, name, error: 'Error: EACCES: permission denied' }],
  ]);
});

test('the next session process takes files up that are needed, until the intercept ends', async (t) => {
  const { mounted, reopen, names } = await createScene(t);
  await (await mounted()).close();
  const { session, end } = holding();
  const volumes = reopen();
  await createVolumeEnds({ session, volumes }, '/nowhere', () => undefined).resume(signal);
  t.is(volumes.all().length, 1);
  end();
  await waitFor('the files are gone', async () => (await names()).length === 0);
});

test('files of an intercept that ended meanwhile go at once', async (t) => {
  const { mounted, reopen, names } = await createScene(t);
  await (await mounted()).close();
  const { session, end } = holding();
  end();
  await createVolumeEnds({ session, volumes: reopen() }, '/nowhere', () => undefined).resume(signal);
  t.deepEqual(await names(), []);
});

test('a session that is gone needs no files; one that does not answer may need them', async (t) => {
  const { mounted, reopen, names } = await createScene(t);
  await (await mounted()).close();
  const { session } = holding(false);
  // Any file stands for the identity that the session has left.
  const unknown = createVolumeEnds({ session, volumes: reopen() }, new URL(import.meta.url).pathname, () => undefined);
  await unknown.resume(signal);
  t.deepEqual(await names(), ['book']);
  await createVolumeEnds({ session, volumes: reopen() }, '/nowhere', () => undefined).resume(signal);
  t.deepEqual(await names(), []);
});
