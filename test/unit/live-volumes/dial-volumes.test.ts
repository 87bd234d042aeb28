// How long a volume server is given to answer, and who waits for it. Connections come by a port-forward; the server is
// the real one.

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { PODS } from '../../../control-plane/src/api/index.ts';
import { parseConfig } from '../../../control-plane/src/volume-server/config.ts';
import { startVolumeServer } from '../../../control-plane/src/volume-server/server.ts';
import type { Container, EphemeralContainer, Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { createVolumeDialer, type DialVolumes } from '../../../kubectl-tp/src/volumes/live/dial-volumes.ts';
import { buildVolumeContainer } from '../../../kubectl-tp/src/volumes/live/volume-container.ts';
import { openVolumeKey } from '../../../kubectl-tp/src/volumes/live/volume-key.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { unlessAborted } from '../../../kubectl-tp/src/waiting/unless-aborted.ts';
import { closedPort } from '../../helpers/loopback.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { type ServedForward, startPortForwardServer } from '../../helpers/port-forward-server.ts';

const CONTAINER: Container = { name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }] };
const SPEC = { containers: [CONTAINER], volumes: [{ name: 'data' }] };
const { live: MOUNTS } = planMounts(CONTAINER, { metadata: { name: 'p' }, spec: SPEC }, {});

type Scene = {
  readonly dial: DialVolumes;
  readonly pass: (ms: number) => void;
  /** The pod as if only a server of this name ran in it. */
  readonly run: (name: string) => void;
};

type Events = {
  /** The pod is looked at, which takes until this is over. */
  readonly onLook: (scene: Scene, signal: AbortSignal) => void | Promise<void>;
  /** Whether the server gets the nth connection, from one on. */
  readonly onForward: (scene: Scene, nth: number) => boolean;
};

async function createScene(t: ExecutionContext, { onLook, onForward }: Events): Promise<Scene> {
  const port = await closedPort();
  const key = openVolumeKey();
  const secret = randomBytes(32).toString('base64');
  const config = parseConfig(
    JSON.stringify({ port, publicKey: key.publicKey, secret, exports: [{ folder: '/tmp', isReadOnly: true }] }),
  );
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  await startVolumeServer(config, { signal: ending.signal, idleMs: 600_000 });

  let forwards = 0;
  const api = await startPortForwardServer(t, {
    onForward(forward) {
      forwards += 1;
      if (onForward(scene, forwards)) lead(forward, port);
      else forward.socket.destroy();
    },
  });
  const kubernetes = createMemoryKubernetes();
  const { client } = kubernetes;
  let nowMs = 0;
  const scene: Scene = {
    dial: createVolumeDialer({
      namespace: 'shop',
      target: { kind: 'Service', name: 'orders' },
      container: 'app',
      pod: 'p',
      mounts: MOUNTS,
      cluster: {
        ...api,
        client: {
          ...client,
          async get(resource, ref, options) {
            await onLook(scene, options?.signal ?? new AbortController().signal);
            return client.get(resource, ref, options);
          },
        },
      },
      installNamespace: 'kubectl-tp',
      key,
      now: () => nowMs,
    }),
    pass(ms) {
      nowMs += ms;
    },
    run(name) {
      const pod: Pod = { metadata: { name: 'p', namespace: 'shop', uid: '1' }, spec: SPEC };
      const made = { image: 'i', publicKey: key.publicKey, secret, name, port };
      kubernetes.put(
        PODS,
        withServer(pod, buildVolumeContainer({ ...made, pod, container: CONTAINER, mounts: MOUNTS })),
      );
    },
  };
  return scene;
}

function withServer(pod: Pod, container: EphemeralContainer): Pod {
  return {
    ...pod,
    spec: { ...pod.spec, ephemeralContainers: [container] },
    status: {
      phase: 'Running',
      ephemeralContainerStatuses: [{ name: container.name, state: { running: {} } }],
    },
  };
}

function lead(forward: ServedForward, port: number): void {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => forward.send(0, data));
  forward.onData = (data) => socket.write(data);
  forward.socket.on('close', () => socket.destroy());
}

async function isReached(t: ExecutionContext, { dial }: Scene): Promise<void> {
  const stream = await dial(AbortSignal.timeout(30_000));
  t.false(stream.destroyed);
  stream.destroy();
}

test('a minute in which its image comes is not taken from the time that it has to answer', async (t) => {
  const scene = await createScene(t, { onLook: ({ pass }) => pass(60_000), onForward: (_, nth) => nth === 2 });
  scene.run('tp-volumes-1');
  await isReached(t, scene);
});

test('one that is started in place of a silent one has as much time', async (t) => {
  const scene = await createScene(t, {
    onLook: () => undefined,
    onForward({ pass, run }, nth) {
      pass(15_000);
      if (nth === 1) run('tp-volumes-2');
      return nth === 3;
    },
  });
  scene.run('tp-volumes-1');
  await isReached(t, scene);
});

test('one that stays silent is given up', async (t) => {
  const scene = await createScene(t, {
    onLook: () => undefined,
    onForward({ pass }) {
      pass(15_000);
      return false;
    },
  });
  scene.run('tp-volumes-1');
  await t.throwsAsync(scene.dial(AbortSignal.timeout(30_000)), { code: 'VOLUMES_UNREACHABLE' });
});

test('several wait for one look at the pod; who gives up does so alone, be it the first', async (t) => {
  const looked = Promise.withResolvers<void>();
  let looks = 0;
  const scene = await createScene(t, {
    onLook(_, signal) {
      looks += 1;
      return unlessAborted(looked.promise, signal);
    },
    onForward: () => true,
  });
  scene.run('tp-volumes-1');
  const [first, second] = [new AbortController(), new AbortController()];
  const gaveUp = [first, second].map(({ signal }) => t.throwsAsync(scene.dial(signal), { message: 'enough' }));
  const reached = isReached(t, scene);
  for (const one of [second, first]) one.abort(new Error('enough'));
  await unlessAborted(Promise.all(gaveUp), AbortSignal.timeout(10_000));
  t.is(looks, 1);
  looked.resolve();
  await reached;
});
