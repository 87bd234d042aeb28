// The secret by which a gate knows that a relay speaks, and for which exit. Every replica of the control plane finds the
// same one without asking anybody, and none is written down.

import { createHmac, type KeyObject } from 'node:crypto';
import type { Intercept } from '../api/index.ts';
import type { PodModel } from '../state/cluster-state.ts';

/** Another for each pod, exit and session: who has come by one can do nothing with it elsewhere. */
export function buildGateSecret(
  key: KeyObject,
  { pod, exit: { metadata, spec } }: { pod: Pick<PodModel, 'namespace' | 'name' | 'uid'>; exit: Intercept },
): string {
  const ids = [pod.namespace, pod.name, pod.uid, metadata.namespace, metadata.name, metadata.uid ?? '', spec.session];
  return createHmac('sha256', key).update(JSON.stringify(ids)).digest('base64url');
}
