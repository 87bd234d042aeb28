// The volumes of one container below a root folder, kept as the cluster has them: read, written, watched, written again
// when something has changed or a token is about to expire. Who makes and removes the root folder is not decided here.

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isForbidden, type KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { KEYED_RESOURCES } from '../kubernetes/keyed-object.ts';
import type { Pod } from '../kubernetes/objects.ts';
import { apiErrorOf } from '../kubernetes/translate-error.ts';
import type { Log } from '../log.ts';
import { createBell } from '../waiting/bell.ts';
import { describeVolume, type Mount } from './mounts.ts';
import { createVolumeReader, type KeyedRef } from './read-volumes.ts';
import type { VolumeFile } from './volume-files.ts';
import { makeFolder, writeFiles, writeSingleFile } from './write-files.ts';

export type CurrentFiles = {
  /** A sentence for each volume that could not be had at first. */
  readonly missing: readonly string[];
  /** Mount paths, as the container knows them, of those that could. */
  readonly mounts: readonly string[];
  /** Resolves when nothing is written any more. The files stay. */
  close(): Promise<void>;
};

type Options = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly pod: Pod;
  readonly mounts: readonly Mount[];
  readonly root: string;
  readonly log: Log;
  /** For the first write. */
  readonly signal: AbortSignal;
};

/** Where changes may not be watched, this often is looked, as the kubelet does. */
const LOOK_MS = 60_000;
/** After a renewal that failed. */
const RETRY_MS = 10_000;

/** Resolves when the files are there. Throws only when it is aborted. */
export async function createCurrentFiles(options: Options): Promise<CurrentFiles> {
  const { client, namespace, pod, mounts, root, log } = options;
  const volumes = [...new Map(mounts.map(({ volume }) => [volume.name, volume])).values()];
  const reader = createVolumeReader({ client, namespace, pod, volumes });
  const written = new Map<string, string>();
  const lifetime = new AbortController();
  const bell = createBell();
  let isStale = false;

  async function refresh(signal: AbortSignal): Promise<string[]> {
    const found = await reader.read(signal);
    const missing: string[] = [];
    for (const mount of mounts) {
      const { volume, mountPath } = mount;
      const content = found.get(volume.name) ?? { error: 'not read' };
      const error = 'error' in content ? content.error : await writeMount(root, mount, content.files, written);
      if (error !== undefined) missing.push(describeVolume(volume.name, mountPath, error));
    }
    return missing;
  }

  /** What fails stays as it was, as in a pod. */
  async function keepCurrent(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const renewMs = Math.max((reader.renewAtMs() ?? Number.POSITIVE_INFINITY) - Date.now(), RETRY_MS);
      if (!isStale) await bell.wait(renewMs, signal);
      isStale = false;
      for (const why of await refresh(signal)) log('a volume is not current', { why });
    }
  }

  function change(): void {
    isStale = true;
    bell.ring();
  }

  const missing = await refresh(options.signal);
  const { signal } = lifetime;
  const jobs = [
    keepCurrent(signal),
    ...reader.objects.map((ref) => watchObject({ client, namespace, ref, change, signal })),
  ];
  const ended = Promise.allSettled(jobs);
  return {
    missing,
    mounts: mounts.filter(({ mountPath }) => written.has(mountPath)).map(({ mountPath }) => mountPath),
    async close() {
      lifetime.abort();
      await ended;
    },
  };
}

/** Undefined when it is written or was already; else why not. */
async function writeMount(
  root: string,
  { mountPath, path, subPath, hidden }: Mount,
  files: readonly VolumeFile[],
  written: Map<string, string>,
): Promise<string | undefined> {
  // As in a pod: a part of a volume is what it was at the start.
  if (subPath !== undefined && written.has(mountPath)) return undefined;
  const digest = digestOf(files);
  if (written.get(mountPath) === digest) return undefined;
  try {
    if (subPath === undefined) await writeFiles(await makeFolder(root, path), files, hidden);
    else await writePart(root, path, partOf(files, subPath));
    written.set(mountPath, digest);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Part = { readonly file: VolumeFile } | { readonly files: readonly VolumeFile[] };

async function writePart(root: string, path: readonly string[], part: Part): Promise<void> {
  if ('files' in part) return writeFiles(await makeFolder(root, path), part.files);
  const folder = await makeFolder(root, path.slice(0, -1));
  await writeSingleFile([folder, ...path.slice(-1)].join('/'), part.file);
}

function partOf(files: readonly VolumeFile[], subPath: readonly string[]): Part {
  const inside = files.filter(({ path }) => subPath.every((name, at) => path[at] === name));
  const file = inside.find(({ path }) => path.length === subPath.length);
  if (file !== undefined) return { file };
  if (inside.length === 0) throw new Error(`it has no ${subPath.join('/')}`);
  return { files: inside.map((one) => ({ ...one, path: one.path.slice(subPath.length) })) };
}

type Watch = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly ref: KeyedRef;
  readonly change: () => void;
  readonly signal: AbortSignal;
};

async function watchObject({ client, namespace, ref, change, signal }: Watch): Promise<void> {
  const refused = new AbortController();
  const events = client.watch(KEYED_RESOURCES[ref.kind], {
    namespace,
    fieldSelector: `metadata.name=${ref.name}`,
    signal: AbortSignal.any([signal, refused.signal]),
    onTrouble: (error) => {
      if (isForbidden(apiErrorOf(error))) refused.abort();
    },
  });
  for await (const _ of events) change();
  while (!signal.aborted) {
    await delay(LOOK_MS, undefined, { signal });
    change();
  }
}

function digestOf(files: readonly VolumeFile[]): string {
  const hash = createHash('sha256');
  for (const { path, bytes, mode } of files) {
    hash.update(JSON.stringify([path, mode, bytes.length]));
    hash.update(bytes);
  }
  return hash.digest('hex');
}
