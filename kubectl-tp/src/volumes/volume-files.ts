// The files of one volume as the kubelet would write them: of ConfigMaps, Secrets, the downward API, service account
// tokens, and projections of these. Pure.

import { fieldValue, resourceValue, type Value } from '../environment/field-value.ts';
import { bytesOf, type KeyedKind, type KeyedRead } from '../kubernetes/keyed-object.ts';
import {
  allContainers,
  type DownwardFile,
  type KeyItems,
  type Pod,
  type ProjectedSource,
  type Volume,
} from '../kubernetes/objects.ts';
import { parseRelativePath } from './relative-path.ts';

export type VolumeFile = { readonly path: readonly string[]; readonly bytes: Buffer; readonly mode: number };
export type VolumeFiles = { readonly files: readonly VolumeFile[] } | { readonly error: string };

export type TokenWish = NonNullable<ProjectedSource['serviceAccountToken']>;
export type VolumeInputs = {
  readonly pod: Pod;
  readonly object: (kind: KeyedKind, name: string) => KeyedRead | undefined;
  readonly token: (wish: TokenWish) => Value | undefined;
};

/** What the API server fills in where nobody says. */
const DEFAULT_MODE = 0o644;
/** Others have no way in; the owner, who is root in many pods, must be able to read. */
const PERMISSIONS = 0o777;
const READABLE = 0o400;

/** All files or none: half a volume is worse than a sentence. */
export function volumeFiles(volume: Volume, inputs: VolumeInputs): VolumeFiles {
  const { sources, defaultMode } = sourcesOf(volume) ?? { sources: [], defaultMode: DEFAULT_MODE };
  const byPath = new Map<string, VolumeFile>();
  for (const source of sources) {
    const found = sourceFiles(source, inputs);
    if ('error' in found) return found;
    for (const { path, bytes, mode = defaultMode } of found.files) {
      const names = parseRelativePath(path);
      if (names === undefined) return { error: `it has a file ${JSON.stringify(path)}, which is no path inside of it` };
      byPath.set(names.join('/'), { path: names, bytes, mode: (mode & PERMISSIONS) | READABLE });
    }
  }
  return { files: [...byPath.values()] };
}

type Sources = { readonly sources: readonly ProjectedSource[]; readonly defaultMode: number };

/** Every volume that is made of objects, as a projection; undefined for the other kinds. */
export function sourcesOf({ configMap, secret, downwardAPI, projected }: Volume): Sources | undefined {
  const { defaultMode = DEFAULT_MODE } = configMap ?? secret ?? downwardAPI ?? projected ?? {};
  if (configMap !== undefined) return { sources: [{ configMap }], defaultMode };
  if (secret !== undefined) return { sources: [{ secret: { ...secret, name: secret.secretName } }], defaultMode };
  if (downwardAPI !== undefined) return { sources: [{ downwardAPI }], defaultMode };
  if (projected !== undefined) return { sources: projected.sources ?? [], defaultMode };
  return undefined;
}

type FoundFile = { readonly path: string; readonly bytes: Buffer; readonly mode?: number };
type Found = { readonly files: readonly FoundFile[] } | { readonly error: string };

function sourceFiles(source: ProjectedSource, inputs: VolumeInputs): Found {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined) return keyFiles('ConfigMap', configMap, inputs);
  if (secret !== undefined) return keyFiles('Secret', secret, inputs);
  if (downwardAPI !== undefined) return downwardFiles(downwardAPI.items ?? [], inputs);
  if (serviceAccountToken !== undefined) return tokenFile(serviceAccountToken, inputs);
  return { error: `it has a source that is not known here: ${Object.keys(source).join(', ')}` };
}

function keyFiles(
  kind: KeyedKind,
  { name, items, optional = false }: KeyItems & { name: string },
  inputs: VolumeInputs,
): Found {
  const read = inputs.object(kind, name) ?? { error: 'not read', isAbsent: false };
  if ('error' in read) return optional && read.isAbsent ? { files: [] } : { error: `${kind} ${name}: ${read.error}` };
  const bytes = bytesOf(kind, read.object);
  const wanted: NonNullable<KeyItems['items']> = items ?? Object.keys(bytes).map((key) => ({ key, path: key }));
  const absent = wanted.find(({ key }) => !Object.hasOwn(bytes, key));
  if (absent !== undefined && !optional) return { error: `${kind} ${name} has no key ${absent.key}` };
  return {
    files: wanted.flatMap(({ key, path, mode }): FoundFile[] => {
      const found = bytes[key];
      return found === undefined ? [] : [{ path, bytes: found, ...(mode === undefined ? {} : { mode }) }];
    }),
  };
}

function downwardFiles(items: readonly DownwardFile[], { pod }: VolumeInputs): Found {
  const files: FoundFile[] = [];
  for (const item of items) {
    const value = downwardValue(item, pod);
    if ('error' in value) return { error: `${item.path}: ${value.error}` };
    const { path, mode } = item;
    files.push({ path, bytes: Buffer.from(value.value), ...(mode === undefined ? {} : { mode }) });
  }
  return { files };
}

function downwardValue({ fieldRef, resourceFieldRef }: DownwardFile, pod: Pod): Value {
  if (fieldRef !== undefined) return fieldValue(fieldRef, pod);
  const container = allContainers(pod.spec).find(({ name }) => name === resourceFieldRef?.containerName);
  if (resourceFieldRef === undefined || container === undefined)
    return { error: 'it refers to nothing that is known here' };
  return resourceValue(resourceFieldRef, container);
}

function tokenFile(wish: TokenWish, { token }: VolumeInputs): Found {
  const value = token(wish) ?? { error: 'not asked for' };
  return 'error' in value ? value : { files: [{ path: wish.path, bytes: Buffer.from(value.value) }] };
}
