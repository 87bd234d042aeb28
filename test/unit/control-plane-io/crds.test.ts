import { readFileSync } from 'node:fs';
import test from 'ava';
import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { buildInterceptCrd, buildSessionCrd } from '../../../control-plane/src/api/v1alpha1/crd.ts';
import { Intercept } from '../../../control-plane/src/api/v1alpha1/intercept.ts';
import { Session } from '../../../control-plane/src/api/v1alpha1/session.ts';
import { buildStructuralSchema } from '../../../control-plane/src/api/v1alpha1/structural-schema.ts';
import { interceptObject, sessionObject } from '../../helpers/shop.ts';

type Schema = {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  required?: string[];
  default?: unknown;
};
type Crd = {
  spec: {
    names: { shortNames: string[]; categories: string[] };
    versions: {
      subresources: object;
      additionalPrinterColumns: { name: string; jsonPath: string }[];
      schema: { openAPIV3Schema: Schema };
    }[];
  };
};

const readCrd = (name: string): Crd =>
  parse(readFileSync(new URL(`../../../charts/tp/crds/${name}`, import.meta.url), 'utf8'));

/** Every field with whether it is required, as `spec.target.kind*`. */
function fieldsOf(schema: Schema | undefined, path = ''): string[] {
  const values = schema?.additionalProperties ?? Object.values(schema?.patternProperties ?? {})[0] ?? schema?.items;
  const own = Object.entries(schema?.properties ?? {}).flatMap(([name, property]) => {
    const here = `${path}.${name}`;
    // What has a default may be left out.
    const isNeeded = schema?.required?.includes(name) && property.default === undefined;
    return [`${here}${isNeeded ? '*' : ''}`, ...fieldsOf(property, here)];
  });
  return [...own, ...(values === undefined ? [] : fieldsOf(values, `${path}[]`))].sort();
}

const macro = test.macro((t, file: string, type: TSchema, build: () => object) => {
  const crd = readCrd(file);
  t.deepEqual(crd, JSON.parse(JSON.stringify(build())), 'run npm run generate');
  const [version] = crd.spec.versions;
  const inCrd = version?.schema.openAPIV3Schema.properties;
  const inType = (type as unknown as Schema).properties;
  for (const part of ['spec', 'status']) t.deepEqual(fieldsOf(inCrd?.[part]), fieldsOf(inType?.[part]), part);
  t.deepEqual(version?.subresources, { status: {} });
  for (const { jsonPath } of version?.additionalPrinterColumns ?? [])
    t.true(leadsSomewhere(inType, jsonPath), jsonPath);
});

/** `.status.conditions[?(@.type=="Ready")].status` */
function leadsSomewhere(properties: Schema['properties'], jsonPath: string): boolean {
  const names = jsonPath
    .replace(/\[[^\]]*\]/g, '[]')
    .split('.')
    .filter(Boolean);
  let schema: Schema | undefined = { properties: properties ?? {} };
  for (const name of names) {
    schema = schema?.properties?.[name.replace('[]', '')];
    if (name.endsWith('[]')) schema = schema?.items;
  }
  return schema !== undefined;
}

test('the Intercept CRD says what the type says', macro, 'intercepts.yaml', Intercept, buildInterceptCrd);
test('the Session CRD says what the type says', macro, 'sessions.yaml', Session, buildSessionCrd);

const describedMacro = test.macro((t, file: string) => {
  const root = readCrd(file).spec.versions[0]?.schema.openAPIV3Schema;
  t.truthy(root?.description);
  const { spec, status } = root?.properties ?? {};
  t.deepEqual(undescribed({ spec, status }), []);
});

/** Paths of the properties of which `kubectl explain` would say that they have no description. */
function undescribed(properties: Record<string, Schema | undefined>, path = ''): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const here = `${path}.${name}`;
    const inside = { ...schema?.properties, ...schema?.items?.properties, ...schema?.additionalProperties?.properties };
    return [...(schema?.description ? [] : [here]), ...undescribed(inside, here)];
  });
}

test('kubectl explain has a sentence for every field of an Intercept', describedMacro, 'intercepts.yaml');
test('kubectl explain has a sentence for every field of a Session', describedMacro, 'sessions.yaml');

test('the columns of kubectl get', (t) => {
  const columns = readCrd('intercepts.yaml').spec.versions[0]?.additionalPrinterColumns.map(({ name }) => name);
  t.deepEqual(columns, ['Target', 'Match', 'Owner', 'Ready', 'Agents', 'Age']);
});

test('objects of the tests are objects of the types', (t) => {
  t.true(Value.Check(Intercept, interceptObject()));
  t.true(Value.Check(Session, sessionObject()));
});

test('what has no structural form is refused when it is generated, not by the API server', (t) => {
  t.throws(() => buildStructuralSchema(Type.Union([Type.Object({}), Type.String()])));
  t.throws(() => buildStructuralSchema(Type.Union([Type.Literal('a'), Type.Literal(1)])));
  t.deepEqual(buildStructuralSchema(Type.Record(Type.String(), Type.Integer())), {
    type: 'object',
    additionalProperties: { type: 'integer' },
  });
});
