// What a container has at the same paths in another pod of its target: which part of a volume that is may depend on the
// pod's name, and on its environment.

import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { readEnvironment } from '../../environment/read-environment.ts';
import { TpError } from '../../errors.ts';
import type { Container, Pod } from '../../kubernetes/objects.ts';
import { type LiveMount, planMounts } from '../mounts.ts';

type Options = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly pod: Pod;
  readonly container: Container;
  /** As they were planned. What may not be written in them stays so. */
  readonly mounts: readonly LiveMount[];
  readonly signal: AbortSignal;
};

/** In the same order. Throws VOLUMES_UNREACHABLE where one has no counterpart. */
export async function mountsInPod(options: Options): Promise<readonly LiveMount[]> {
  const { pod, container, mounts } = options;
  const { live, missing } = planMounts(container, pod, await variablesFor(options), true);
  return mounts.map((mount) => {
    const same = live.find(({ mountPath }) => mountPath === mount.mountPath);
    if (same !== undefined) return { ...same, isReadOnly: same.isReadOnly || mount.isReadOnly };
    const why = missing.length === 0 ? `nothing is mounted at ${mount.mountPath}` : missing.join('; ');
    throw new TpError('VOLUMES_UNREACHABLE', `The volumes of pod ${pod.metadata.name} are others: ${why}.`);
  });
}

/** Nothing is read where no path asks for it. */
async function variablesFor(options: Options): Promise<Readonly<Record<string, string>>> {
  const paths = new Set(options.mounts.map(({ mountPath }) => mountPath));
  const refers = options.container.volumeMounts?.some(
    ({ mountPath, subPathExpr = '' }) => subPathExpr !== '' && paths.has(mountPath),
  );
  if (refers !== true) return {};
  return (await readEnvironment({ ...options, loaderVariables: true })).variables;
}
