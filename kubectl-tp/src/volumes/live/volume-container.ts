// The ephemeral container that serves volumes of a pod, as Kubernetes is to start it, and those that run already. Pure.

import { VOLUME_SERVER_PROGRAM, type VolumeExport, type VolumeServerConfig } from '@kubectl-tp/control-plane/protocol';
import type { Container, EphemeralContainer, Pod } from '../../kubernetes/objects.ts';
import type { LiveMount } from '../mounts.ts';

export const VOLUME_CONTAINER_PREFIX = 'tp-volumes-';

/** Small, since its memory is the pod's: bytes that pass through live shortly. */
const NODE = ['node', '--max-semi-space-size=1', '--max-old-space-size=64'];
const FOLDER = '/volumes';

export type VolumeContainerWish = {
  /** Of the pod as it runs now. */
  readonly pod: Pod;
  /** Whose files they are. */
  readonly container: Container;
  readonly mounts: readonly LiveMount[];
  readonly image: string;
  readonly imagePullPolicy?: string | undefined;
  readonly publicKey: string;
  readonly secret: string;
  readonly name: string;
  readonly port: number;
};

/**
 * The restricted profile, under the container's own user, so that it may read what the container may. Volumes are
 * mounted whole, because ephemeral containers can't have parts, and read-only unless somebody asked to write.
 */
export function buildVolumeContainer(wish: VolumeContainerWish): EphemeralContainer {
  const { mounts, image, imagePullPolicy, publicKey, secret, name, port } = wish;
  const volumes = [...new Set(mounts.map(({ volume }) => volume))];
  const config: VolumeServerConfig = { port, publicKey, secret, exports: buildExports(mounts) };
  return {
    name,
    image,
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    command: [...NODE, VOLUME_SERVER_PROGRAM, encodeArgument(config)],
    workingDir: '/app',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
      ...userOf(wish),
    },
    volumeMounts: volumes.map((volume) => ({
      name: volume,
      mountPath: folderOf(volumes, volume),
      readOnly: mounts.every((mount) => mount.volume !== volume || mount.isReadOnly),
    })),
  };
}

function buildExports(mounts: readonly LiveMount[]): VolumeExport[] {
  const volumes = [...new Set(mounts.map(({ volume }) => volume))];
  return mounts.map(({ volume, subPath, isReadOnly }) => ({
    folder: folderOf(volumes, volume),
    ...(subPath === undefined ? {} : { subPath: subPath.join('/') }),
    isReadOnly,
  }));
}

export type RunningServer = { readonly name: string; readonly port: number; readonly secret: string };

/** One that runs in the pod already, and serves the same to the same key. */
export function findVolumeServer(
  pod: Pod,
  { mounts, publicKey }: Pick<VolumeContainerWish, 'mounts' | 'publicKey'>,
): RunningServer | undefined {
  const wanted = JSON.stringify(buildExports(mounts));
  for (const { name, command } of pod.spec.ephemeralContainers ?? []) {
    if (!name.startsWith(VOLUME_CONTAINER_PREFIX) || statusOf(pod, name)?.state?.running === undefined) continue;
    const config = decodeArgument(command?.at(-1));
    if (config?.publicKey !== publicKey || JSON.stringify(config.exports) !== wanted) continue;
    if (typeof config.secret === 'string') return { name, port: config.port, secret: config.secret };
  }
  return undefined;
}

export function statusOf(pod: Pod, name: string) {
  return pod.status?.ephemeralContainerStatuses?.find((status) => status.name === name);
}

const folderOf = (volumes: readonly string[], volume: string): string => `${FOLDER}/${volumes.indexOf(volume)}`;

/** As the pod says it, else as the kubelet tells it of the running container; else the user of our image. */
function userOf({ pod, container }: VolumeContainerWish): { runAsUser?: number; runAsGroup?: number } {
  const said = { ...pod.spec.securityContext, ...container.securityContext };
  const running = pod.status?.containerStatuses?.find(({ name }) => name === container.name)?.user?.linux;
  const user = said.runAsUser ?? running?.uid;
  const group = said.runAsGroup ?? running?.gid;
  return {
    ...(user === undefined ? {} : { runAsUser: user }),
    ...(group === undefined ? {} : { runAsGroup: group }),
  };
}

/** Kubernetes would expand `$(NAME)` in it. */
function encodeArgument(config: VolumeServerConfig): string {
  return JSON.stringify(config).replaceAll('$', '\\u0024');
}

/** Undefined for what is not of this version. */
function decodeArgument(argument: string | undefined): VolumeServerConfig | undefined {
  try {
    return JSON.parse(argument ?? '') as VolumeServerConfig;
  } catch {
    return undefined;
  }
}
