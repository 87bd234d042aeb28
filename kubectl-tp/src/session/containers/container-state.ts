// What a process on the laptop gets of the container that it stands in for: environment and files.

import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { Environment } from '../../environment/collect.ts';
import { readEnvironment } from '../../environment/read-environment.ts';
import { type ShownOf, translateAddresses } from '../../environment/translate-addresses.ts';
import type { VolumeRequest } from '../../ipc/container-messages.ts';
import type { Container, Pod } from '../../kubernetes/objects.ts';
import type { TargetName } from '../../kubernetes/target.ts';
import type { MountedVolumes } from '../../volumes/mounted-volumes.ts';
import { planMounts } from '../../volumes/mounts.ts';
import type { VolumeBook } from '../../volumes/volume-book.ts';
import type { VolumeOwner } from '../../volumes/volume-record.ts';

export type ContainerState = {
  readonly container: string;
  readonly environment: Environment;
  readonly volumes?: MountedVolumes;
};

type Options = {
  readonly client: KubernetesClient;
  readonly pod: Pod;
  readonly container: Container;
  readonly target: TargetName;
  readonly owner: VolumeOwner;
  readonly book: VolumeBook;
  /** What programs are told for addresses of the cluster. */
  readonly shownOf: ShownOf;
  readonly loaderVariables: boolean;
  /** Undefined: no files. */
  readonly volumes: VolumeRequest | undefined;
  /** Until whose release the files stay; undefined: until they are left. */
  readonly holder?: object;
  readonly signal: AbortSignal;
};

/** Throws BAD_MOUNT. */
export async function readContainerState(options: Options): Promise<ContainerState> {
  const { client, pod, container, target, owner, book, loaderVariables, volumes, holder, signal } = options;
  const { namespace } = owner;
  const environment = await readEnvironment({ client, namespace, pod, container, loaderVariables, signal });
  const variables = translateAddresses(environment.variables, options.shownOf);
  const state = { container: container.name, environment: { ...environment, variables } };
  if (volumes === undefined) return state;
  // What the kubelet makes paths of is what the pod has.
  const plan = planMounts(container, pod, environment.variables, volumes.isWritable);
  const origin = { target, container: container.name };
  const wish = { owner, pod, origin, plan, root: volumes.root, ...(holder === undefined ? {} : { holder }) };
  return { ...state, volumes: await book.mount(wish, signal) };
}
