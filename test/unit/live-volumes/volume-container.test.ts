// The ephemeral container as Kubernetes gets it, and whether one that runs is taken again.

import test from 'ava';
import type { Container, Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { buildVolumeContainer, findVolumeServer } from '../../../kubectl-tp/src/volumes/live/volume-container.ts';
import { planMounts } from '../../../kubectl-tp/src/volumes/mounts.ts';

const CONTAINER: Container = {
  name: 'app',
  volumeMounts: [
    { name: 'data', mountPath: '/data' },
    { name: 'data', mountPath: '/part', subPath: 'in/$(side)' },
    { name: 'fixed', mountPath: '/fixed', readOnly: true },
    { name: 'settings', mountPath: '/data/settings' },
  ],
};
const POD: Pod = {
  metadata: { name: 'p', namespace: 'shop' },
  spec: {
    containers: [CONTAINER],
    volumes: [{ name: 'data' }, { name: 'fixed' }, { name: 'settings', configMap: { name: 's' } }],
    securityContext: { runAsUser: 1000, runAsGroup: 2000 },
  },
};
const MADE = { image: 'i', publicKey: 'k', secret: 's', name: 'tp-volumes-1', port: 20_001 };

function build(isWritable: boolean, pod: Pod = POD) {
  const { live: mounts } = planMounts(CONTAINER, pod, {}, isWritable);
  return { mounts, made: buildVolumeContainer({ ...MADE, pod, container: CONTAINER, mounts }) };
}

test('restricted, as the container, volumes whole, read-only unless asked; what lies inside of a live one is named', (t) => {
  const { made } = build(false);
  t.like(made.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
    runAsUser: 1000,
    runAsGroup: 2000,
  });
  t.deepEqual(made.volumeMounts, [
    { name: 'data', mountPath: '/volumes/0', readOnly: true },
    { name: 'fixed', mountPath: '/volumes/1', readOnly: true },
  ]);
  t.deepEqual(
    build(true).made.volumeMounts?.map(({ readOnly }) => readOnly),
    [false, true],
  );
  t.false(made.command?.at(-1)?.includes('$('), 'Kubernetes expands nothing in it');
  t.deepEqual(planMounts(CONTAINER, POD, {}).missing, [
    'volume settings (/data/settings): it lies inside of /data, which is live',
  ]);
});

test('the user that the kubelet tells where the pod says none', (t) => {
  const { securityContext: _, ...spec } = POD.spec;
  const status = { containerStatuses: [{ name: 'app', user: { linux: { uid: 5, gid: 6 } } }] };
  t.like(build(false, { ...POD, spec, status }).made.securityContext, { runAsUser: 5, runAsGroup: 6 });
  t.false('runAsUser' in (build(false, { ...POD, spec }).made.securityContext ?? {}));
});

test('one that runs is taken again for the same key and the same volumes, and no other', (t) => {
  const { made, mounts } = build(false);
  const running = (state: object): Pod => ({
    ...POD,
    spec: { ...POD.spec, ephemeralContainers: [made] },
    status: { ephemeralContainerStatuses: [{ name: made.name, state }] },
  });
  const wish = { mounts, publicKey: 'k' };
  t.deepEqual(findVolumeServer(running({ running: {} }), wish), { name: 'tp-volumes-1', port: 20_001, secret: 's' });
  t.is(findVolumeServer(running({ terminated: {} }), wish), undefined);
  t.is(findVolumeServer(running({ running: {} }), { ...wish, publicKey: 'other' }), undefined);
  t.is(findVolumeServer(running({ running: {} }), { ...wish, mounts: build(true).mounts }), undefined);
});
