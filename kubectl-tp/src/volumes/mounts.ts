// Where a container has which volumes, and which of them a laptop can have as files. Pure.

import { expand, referencesOf } from '../environment/expand.ts';
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

/** One whose content only the pod has. */
export type LiveMount = {
  /** Name of the pod's volume. */
  readonly volume: string;
  readonly mountPath: string;
  readonly path: readonly string[];
  readonly subPath?: readonly string[];
  readonly isReadOnly: boolean;
};

export type MountPlan = {
  readonly mounts: readonly Mount[];
  readonly live: readonly LiveMount[];
  /** A sentence for each that is left out. */
  readonly missing: readonly string[];
};

/**
 * Outer folders come before inner ones. `variables` are for paths that refer to them; `isWritable`: live ones may be
 * written, as far as the container may.
 */
export function planMounts(
  container: Container,
  pod: Pod,
  variables: Readonly<Record<string, string>>,
  isWritable = false,
): MountPlan {
  const all = (container.volumeMounts ?? []).map((mount) => planOne(mount, pod, { variables, isWritable }));
  const planned = all.map((one) => outsideOfLive(one, all));
  const paths = planned.flatMap((one) => ('error' in one ? [] : [one]));
  const mounts = paths.flatMap((one) => ('isReadOnly' in one ? [] : [one]));
  return {
    mounts: mounts
      .toSorted((a, b) => a.path.length - b.path.length)
      .map((mount) => ({ ...mount, hidden: hiddenNames(mount, paths) })),
    live: paths.flatMap((one) => ('isReadOnly' in one ? [one] : [])),
    missing: planned.flatMap((one) => ('error' in one ? [one.error] : [])),
  };
}

type Planned = Omit<Mount, 'hidden'> | LiveMount;
type Path = Pick<Planned, 'path'>;
type Failed = { readonly error: string };
type How = { readonly variables: Readonly<Record<string, string>>; readonly isWritable: boolean };

function planOne(mount: VolumeMount, pod: Pod, { variables, isWritable }: How): Planned | Failed {
  const { name, mountPath, subPath: plainSubPath, subPathExpr } = mount;
  const failed = (why: string) => ({ error: describeVolume(name, mountPath, why) });
  const volume = pod.spec.volumes?.find((one) => one.name === name);
  if (volume === undefined) return failed('the pod does not describe it');
  const path = parseRelativePath(mountPath);
  if (path === undefined) return failed('this is no path for a folder of the laptop');
  const unknown = referencesOf(subPathExpr ?? '').find((one) => !Object.hasOwn(variables, one));
  // The kubelet starts no container with such a path: the pod knows it.
  if (unknown !== undefined) return failed(`its part is named after variable ${unknown}, which could not be had`);
  const subPath = subPathExpr ? expand(subPathExpr, variables) : plainSubPath;
  const part = subPath ? parseRelativePath(subPath) : [];
  if (part === undefined) return failed(`its part ${JSON.stringify(subPath)} is no path inside of it`);
  const place = { mountPath, path, ...(part.length === 0 ? {} : { subPath: part }) };
  if (sourcesOf(volume) !== undefined) return { volume, ...place };
  return { volume: name, ...place, isReadOnly: !isWritable || mount.readOnly === true };
}

/** What is written into a live volume would be written in the pod. */
function outsideOfLive(one: Planned | Failed, all: readonly (Planned | Failed)[]): Planned | Failed {
  if ('error' in one) return one;
  const outer = all.find((other) => 'isReadOnly' in other && isInside(one, other));
  if (outer === undefined || 'error' in outer) return one;
  const name = typeof one.volume === 'string' ? one.volume : one.volume.name;
  return { error: describeVolume(name, one.mountPath, `it lies inside of ${outer.mountPath}, which is live`) };
}

function isInside(inner: Path, outer: Path): boolean {
  return inner.path.length > outer.path.length && outer.path.every((name, at) => inner.path[at] === name);
}

export function describeVolume(name: string, mountPath: string, why: string): string {
  return `volume ${name} (${mountPath}): ${why}`;
}

function hiddenNames(mount: Path, all: readonly Path[]): string[] {
  return all.filter((other) => isInside(other, mount)).flatMap((other) => other.path[mount.path.length] ?? []);
}

type Place = Pick<Mount, 'path' | 'subPath'>;

/** Of what another pod had. */
export function isNotIn(mounts: readonly Place[]): (mount: Place) => boolean {
  const placeOf = ({ path, subPath }: Place) => JSON.stringify([path, subPath]);
  const places = new Set(mounts.map(placeOf));
  return (mount) => !places.has(placeOf(mount));
}
