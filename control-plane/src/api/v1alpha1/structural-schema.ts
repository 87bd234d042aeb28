// TypeBox schemas as the structural schemas that CustomResourceDefinitions demand. Pure.

import type { TSchema } from 'typebox';

export type StructuralSchema = { [keyword: string]: unknown };

/** Keywords that mean the same in JSON Schema and in a CRD. */
const SHARED_KEYWORDS = [
  'type',
  'description',
  'format',
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
] as const;

/** Throws for a schema that has no structural form, such as a union of objects. */
export function buildStructuralSchema(schema: TSchema): StructuralSchema {
  const source = schema as StructuralSchema;
  const literals = literalsOf(source);
  const target: StructuralSchema = literals === undefined ? {} : { type: typeOfAll(literals), enum: literals };
  for (const keyword of SHARED_KEYWORDS) if (source[keyword] !== undefined) target[keyword] = source[keyword];
  if (isSchema(source.items)) target.items = buildStructuralSchema(source.items);
  if (isSchema(source.properties)) Object.assign(target, buildObject(source.properties, source.required));
  if (isSchema(source.patternProperties)) target.additionalProperties = buildValues(source.patternProperties);
  return target;
}

/** The values of a literal or of a union of literals; undefined for every other schema. */
function literalsOf(schema: StructuralSchema): unknown[] | undefined {
  if ('const' in schema) return [schema.const];
  if (!Array.isArray(schema.anyOf)) return undefined;
  const values = schema.anyOf.map((variant: StructuralSchema) => variant.const);
  if (values.includes(undefined)) throw new TypeError('Only unions of literals have a structural form.');
  return values;
}

function typeOfAll(values: unknown[]): string {
  const types = new Set(values.map((value) => typeof value));
  const [type, ...others] = types;
  if (type === undefined || others.length > 0) throw new TypeError('The literals of a union must have one type.');
  return type;
}

/** The API server fills in defaults, so a property that has one may be left out: kubectl, too, must think so. */
function buildObject(properties: StructuralSchema, required: unknown): StructuralSchema {
  const built = buildProperties(properties);
  const names = Array.isArray(required) ? required.filter((name) => built[name]?.default === undefined) : [];
  return { ...(names.length > 0 && { required: names }), properties: built };
}

function buildProperties(properties: StructuralSchema): Record<string, StructuralSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, buildStructuralSchema(property as TSchema)]),
  );
}

/** A record's schema has one pattern, which matches every key. */
function buildValues(patternProperties: StructuralSchema): StructuralSchema {
  const [values] = Object.values(patternProperties);
  if (!isSchema(values)) throw new TypeError('A record needs a schema for its values.');
  return buildStructuralSchema(values);
}

function isSchema(value: unknown): value is StructuralSchema & TSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
