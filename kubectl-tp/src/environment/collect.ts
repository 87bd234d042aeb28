// The environment a container has in its pod, from its description and the objects that it names. Pure.

import type { Container, EnvFrom, EnvVar, KeyRef, Pod } from '../kubernetes/objects.ts';
import { expand } from './expand.ts';

/** Data of one ConfigMap or Secret, or why it can't be had. */
export type Source = { readonly data: Readonly<Record<string, string>> } | { readonly error: string };
export type SourceKind = 'ConfigMap' | 'Secret';
export type Sources = (kind: SourceKind, name: string) => Source | undefined;

export type Environment = { readonly variables: Record<string, string>; readonly missing: string[] };

/** Names as the kubelet accepts them: what has a blank or "=" in it can't be a variable. */
const VARIABLE_NAME = /^[^=\s]+$/;

export function collectEnvironment(container: Container, pod: Pod, sources: Sources): Environment {
  const environment: Environment = { variables: {}, missing: [] };
  for (const from of container.envFrom ?? []) addAll(environment, from, sources);
  for (const variable of container.env ?? []) addOne(environment, variable, { container, pod, sources });
  return environment;
}

/** The objects that have to be read for it. */
export function requiredSources(container: Container): { kind: SourceKind; name: string }[] {
  const named: { kind: SourceKind; name: string | undefined }[] = [
    ...(container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
      { kind: 'ConfigMap' as const, name: configMapRef?.name },
      { kind: 'Secret' as const, name: secretRef?.name },
    ]),
    ...(container.env ?? []).flatMap(({ valueFrom }) => [
      { kind: 'ConfigMap' as const, name: valueFrom?.configMapKeyRef?.name },
      { kind: 'Secret' as const, name: valueFrom?.secretKeyRef?.name },
    ]),
  ];
  const unique = new Map(named.map(({ kind, name }) => [`${kind}/${name}`, { kind, name }]));
  return [...unique.values()].flatMap(({ kind, name }) => (name === undefined ? [] : [{ kind, name }]));
}

function addAll(environment: Environment, from: EnvFrom, sources: Sources): void {
  const { prefix = '', configMapRef, secretRef } = from;
  const kind: SourceKind = configMapRef === undefined ? 'Secret' : 'ConfigMap';
  const ref = configMapRef ?? secretRef;
  if (ref === undefined) return;
  const source = sources(kind, ref.name);
  if (source === undefined || 'error' in source) {
    if (!ref.optional) environment.missing.push(`all of ${kind} ${ref.name}: ${source?.error ?? 'not read'}`);
    return;
  }
  for (const [key, value] of Object.entries(source.data)) {
    if (VARIABLE_NAME.test(key)) environment.variables[prefix + key] = value;
  }
}

type Context = { readonly container: Container; readonly pod: Pod; readonly sources: Sources };

function addOne(environment: Environment, variable: EnvVar, context: Context): void {
  const { variables, missing } = environment;
  const { name, value, valueFrom } = variable;
  if (valueFrom === undefined) {
    variables[name] = expand(value ?? '', variables);
    return;
  }
  const found = referencedValue(valueFrom, context);
  if ('value' in found) variables[name] = found.value;
  else if (found.error !== '') missing.push(`${name}: ${found.error}`);
}

type Found = { value: string } | { error: string };
/** Optional and not there: neither a value nor worth a word. */
const NOTHING: Found = { error: '' };

function referencedValue(from: NonNullable<EnvVar['valueFrom']>, { container, pod, sources }: Context): Found {
  if (from.configMapKeyRef) return keyValue('ConfigMap', from.configMapKeyRef, sources);
  if (from.secretKeyRef) return keyValue('Secret', from.secretKeyRef, sources);
  if (from.fieldRef) return fieldValue(from.fieldRef.fieldPath, pod);
  if (from.resourceFieldRef) return resourceValue(from.resourceFieldRef.resource, container);
  return { error: 'a kind of reference that is not known here' };
}

function keyValue(kind: SourceKind, { name, key, optional = false }: KeyRef, sources: Sources): Found {
  const source = sources(kind, name);
  if (source === undefined || 'error' in source) {
    return optional ? NOTHING : { error: `key ${key} of ${kind} ${name}: ${source?.error ?? 'not read'}` };
  }
  const value = source.data[key];
  if (value !== undefined) return { value };
  return optional ? NOTHING : { error: `${kind} ${name} has no key ${key}` };
}

function fieldValue(path: string, { metadata, spec, status }: Pod): Found {
  const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === 'labels' || map === 'annotations') return { value: metadata[map]?.[key] ?? '' };
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.hostIP': status?.hostIP,
    'status.podIP': status?.podIP,
    'status.podIPs': status?.podIPs?.map(({ ip }) => ip).join(','),
  };
  const value = fields[path];
  return value === undefined ? { error: `field ${path} is not known here` } : { value };
}

/** As the pod's author wrote it; the kubelet would convert the unit, which needs the divisor and the node's size. */
function resourceValue(resource: string, { resources }: Container): Found {
  const [kind, ...rest] = resource.split('.');
  const name = rest.join('.');
  const value = kind === 'limits' ? resources?.limits?.[name] : resources?.requests?.[name];
  return value === undefined ? { error: `resource ${resource} depends on the node` } : { value };
}
