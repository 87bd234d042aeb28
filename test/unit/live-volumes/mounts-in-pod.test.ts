// What a container has at its paths in another pod than the one that was planned for.

import test from 'ava';
import type { Container, Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { mountsInPod } from '../../../kubectl-tp/src/volumes/live/mounts-in-pod.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';

const CONTAINER: Container = {
  name: 'app',
  env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  volumeMounts: [
    { name: 'data', mountPath: '/own', subPathExpr: 'pods/$(POD_NAME)' },
    { name: 'data', mountPath: '/part', subPath: 'part' },
  ],
};

const podOf = (name: string, container: Container = CONTAINER): Pod => ({
  metadata: { name, namespace: 'shop' },
  spec: { containers: [container], volumes: [{ name: 'data' }] },
});

const { live: PLANNED } = planMounts(CONTAINER, podOf('a'), { POD_NAME: 'a' }, true);

function find(pod: Pod, mounts = PLANNED) {
  const { client } = createMemoryKubernetes();
  const [container = CONTAINER] = pod.spec.containers;
  return mountsInPod({ client, namespace: 'shop', pod, container, mounts, signal: new AbortController().signal });
}

test('a part named after the pod is that of the other pod, all else stays', async (t) => {
  t.deepEqual(
    (await find(podOf('b'))).map(({ subPath }) => subPath?.join('/')),
    ['pods/b', 'part'],
  );
  t.deepEqual(await find(podOf('a')), PLANNED);
});

test('what was asked for to read is not written, and what the other pod may not write is not either', async (t) => {
  const readOnly = PLANNED.map((mount) => ({ ...mount, isReadOnly: true }));
  t.true((await find(podOf('b'), readOnly)).every(({ isReadOnly }) => isReadOnly));
  const volumeMounts = CONTAINER.volumeMounts?.map((mount) => ({ ...mount, readOnly: true })) ?? [];
  t.true((await find(podOf('b', { ...CONTAINER, volumeMounts }))).every(({ isReadOnly }) => isReadOnly));
});

test('a path that the other pod does not have, or that nobody can tell, is an error that names it', async (t) => {
  const gone = podOf('b', { ...CONTAINER, volumeMounts: CONTAINER.volumeMounts?.slice(1) ?? [] });
  await t.throwsAsync(find(gone), { code: 'VOLUMES_UNREACHABLE', message: /nothing is mounted at \/own/ });
  const { env: _, ...unnamed } = CONTAINER;
  await t.throwsAsync(find(podOf('b', unnamed)), { message: /\/own\): its part is named after variable POD_NAME/ });
});
