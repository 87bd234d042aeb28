// Where a container has which volumes, and which of them a laptop can have as files. Pure.

import { expand } from '../environment/expand.ts';
import type { Container, Pod, Volume, VolumeMount } from '../kubernetes/objects.ts';
import { parseRelativePath } from './relative-path.ts';
import { sourcesOf } from './volume-files.ts';

export type Mount = {
  readonly volume: Volume;
  /** As the container knows it. */
  readonly mountPath: string;
  /** The same below the root folder. */
  readonly path: readonly string[];
  /** Only this file or folder of the volume. As in a pod it is written once and never kept current. */
  readonly subPath?: readonly string[];
  /** Names in the mount's folder that lead to other mounts: their content is not this volume's. */
  readonly hidden: readonly string[];
};

export type MountPlan = {
  readonly mounts: readonly Mount[];
  /** A sentence for each that is left out. */
  readonly missing: readonly string[];
};

/** Outer folders come before inner ones. `variables` are for paths that refer to them. */
export function planMounts(container: Container, pod: Pod, variables: Readonly<Record<string, string>>): MountPlan {
  const planned = (container.volumeMounts ?? []).map((mount) => planOne(mount, pod, variables));
  const mounts = planned
    .flatMap((one) => ('error' in one ? [] : [one]))
    .toSorted((a, b) => a.path.length - b.path.length);
  return {
    mounts: mounts.map((mount) => ({ ...mount, hidden: hiddenNames(mount, mounts) })),
    missing: planned.flatMap((one) => ('error' in one ? [one.error] : [])),
  };
}

type Planned = Omit<Mount, 'hidden'>;

function planOne(
  mount: VolumeMount,
  pod: Pod,
  variables: Readonly<Record<string, string>>,
): Planned | { error: string } {
  const { name, mountPath, subPath: plainSubPath, subPathExpr } = mount;
  const failed = (why: string) => ({ error: describeVolume(name, mountPath, why) });
  const volume = pod.spec.volumes?.find((one) => one.name === name);
  if (volume === undefined) return failed('the pod does not describe it');
  if (sourcesOf(volume) === undefined) return failed(`volumes of kind ${kindOf(volume)} are not there yet`);
  const path = parseRelativePath(mountPath);
  if (path === undefined) return failed('this is no path for a folder of the laptop');
  const subPath = subPathExpr ? expand(subPathExpr, variables) : plainSubPath;
  if (!subPath) return { volume, mountPath, path };
  const names = parseRelativePath(subPath);
  return names === undefined
    ? failed(`its part ${JSON.stringify(subPath)} is no path inside of it`)
    : { volume, mountPath, path, subPath: names };
}

export function describeVolume(name: string, mountPath: string, why: string): string {
  return `volume ${name} (${mountPath}): ${why}`;
}

function kindOf(volume: Volume): string {
  return Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir';
}

function hiddenNames({ path }: Planned, all: readonly Planned[]): string[] {
  const inner = all.filter(
    (other) => other.path.length > path.length && path.every((name, at) => other.path[at] === name),
  );
  return inner.flatMap((other) => other.path[path.length] ?? []);
}
