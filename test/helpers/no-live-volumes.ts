// For tests of what comes from objects of the cluster alone: live volumes can't be had, each with its sentence.

import type { OpenLiveMounts } from '../../kubectl-tp/src/volumes/live/open-live-mounts.ts';
import { describeVolume } from '../../kubectl-tp/src/volumes/mounts.ts';
import type { VolumeOrigin } from '../../kubectl-tp/src/volumes/volume-record.ts';

export const NO_LIVE_VOLUMES: OpenLiveMounts = async ({ source }) => ({
  mounts: [],
  missing: source.mounts.map(({ volume, mountPath }) => describeVolume(volume, mountPath, 'there is no pod')),
  notes: [],
  close: async () => undefined,
});

export const NO_ORIGIN: VolumeOrigin = { target: { kind: 'Service', name: 'orders' }, container: 'app' };
