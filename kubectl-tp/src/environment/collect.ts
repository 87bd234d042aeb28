// The environment a container has in its pod, from its description and the objects that it names, in the order in which
// the kubelet makes it. Pure.

import type { Container, EnvFrom, EnvVar, KeyRef, Pod } from '../kubernetes/objects.ts';
import { expand, referencesOf } from './expand.ts';
import { fieldValue, resourceValue } from './field-value.ts';

/** Data of one ConfigMap or Secret, or why it can't be had. What is absent costs nothing where it is optional. */
export type Source =
  | { readonly data: Readonly<Record<string, string>> }
  | { readonly error: string; readonly isAbsent?: boolean };
export type SourceKind = 'ConfigMap' | 'Secret';
export type SourceRef = { readonly kind: SourceKind; readonly name: string };
export type Sources = (kind: SourceKind, name: string) => Source | undefined;

/** What the pod has and the laptop could not get. `name` is undefined where nobody knows the names. */
export type Missing = { readonly name?: string; readonly why: string };

export type Environment = {
  readonly variables: Readonly<Record<string, string>>;
  readonly missing: readonly Missing[];
};

type Options = {
  readonly container: Container;
  readonly pod: Pod;
  readonly sources: Sources;
  /** Variables of Services: they can be referred to, and the pod's own win over them. */
  readonly services?: Readonly<Record<string, string>>;
  readonly missingServices?: readonly Missing[];
};

export function collectEnvironment(options: Options): Environment {
  const { container, services = {}, missingServices = [] } = options;
  const draft: Draft = { variables: {}, services, missing: [...missingServices] };
  for (const from of container.envFrom ?? []) addAll(draft, from, options);
  for (const variable of container.env ?? []) addOne(draft, variable, options);
  const own = new Set(Object.keys(draft.variables));
  return {
    variables: { ...services, ...draft.variables },
    missing: draft.missing.filter(({ name }) => name === undefined || !own.has(name)),
  };
}

/** The objects that have to be read for it. */
export function requiredSources(container: Container): SourceRef[] {
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

type Draft = {
  readonly variables: Record<string, string>;
  readonly services: Readonly<Record<string, string>>;
  readonly missing: Missing[];
};

/** Names as the kubelet accepts them: what has a blank or "=" in it can't be a variable. */
const VARIABLE_NAME = /^[^=\s]+$/;

function addAll({ variables, missing }: Draft, from: EnvFrom, { sources }: Options): void {
  const { prefix = '', configMapRef, secretRef } = from;
  const kind: SourceKind = configMapRef === undefined ? 'Secret' : 'ConfigMap';
  const ref = configMapRef ?? secretRef;
  if (ref === undefined) return;
  const source = sources(kind, ref.name) ?? NOT_READ;
  if ('error' in source) {
    const beginning = prefix === '' ? '' : ` (names that begin with ${prefix})`;
    if (!isExcused(source, ref)) missing.push({ why: `all of ${kind} ${ref.name}${beginning}: ${source.error}` });
    return;
  }
  for (const [key, value] of Object.entries(source.data)) {
    if (VARIABLE_NAME.test(key)) variables[prefix + key] = value;
  }
}

function addOne(draft: Draft, variable: EnvVar, options: Options): void {
  const { variables, missing } = draft;
  const { name, value = '', valueFrom } = variable;
  const found = valueFrom === undefined ? expandedValue(value, draft) : referencedValue(valueFrom, options);
  if (found === undefined) return;
  if ('value' in found && !found.value.includes('\0')) {
    variables[name] = found.value;
    return;
  }
  // What an earlier source has given under this name is not what the pod has, either.
  delete variables[name];
  missing.push({ name, why: 'error' in found ? found.error : 'its value has a zero byte, which no program can get' });
}

/** Undefined: optional and not there, so neither a value nor worth a word. */
type Found = { value: string } | { error: string } | undefined;
const NOT_READ: Source = { error: 'not read' };

/** A reference to a variable that could not be had would otherwise stand in the value as text. */
function expandedValue(value: string, { variables, services, missing }: Draft): Found {
  const known = { ...services, ...variables };
  const unknown = referencesOf(value).filter((name) => !Object.hasOwn(known, name));
  const lost = unknown.find((name) => missing.some((one) => one.name === name || one.name === undefined));
  return lost === undefined ? { value: expand(value, known) } : { error: `it refers to ${lost}, which is missing` };
}

function referencedValue(from: NonNullable<EnvVar['valueFrom']>, { container, pod, sources }: Options): Found {
  if (from.configMapKeyRef) return keyValue('ConfigMap', from.configMapKeyRef, sources);
  if (from.secretKeyRef) return keyValue('Secret', from.secretKeyRef, sources);
  if (from.fieldRef) return fieldValue(from.fieldRef, pod);
  if (from.resourceFieldRef) return resourceValue(from.resourceFieldRef, container);
  return { error: 'a kind of reference that is not known here' };
}

function keyValue(kind: SourceKind, ref: KeyRef, sources: Sources): Found {
  const { name, key, optional = false } = ref;
  const source = sources(kind, name) ?? NOT_READ;
  if ('error' in source) {
    return isExcused(source, ref) ? undefined : { error: `key ${key} of ${kind} ${name}: ${source.error}` };
  }
  const value = source.data[key];
  if (value !== undefined) return { value };
  return optional ? undefined : { error: `${kind} ${name} has no key ${key}` };
}

/** What may not be read may still be there. */
function isExcused(
  { isAbsent = false }: { isAbsent?: boolean },
  { optional = false }: { optional?: boolean },
): boolean {
  return optional && isAbsent;
}
