// The CustomResourceDefinitions of Intercept and Session, made from the same schemas as the types. What a schema can't
// say (what may change, what excludes what) is said in CEL, so that the API server refuses nonsense at once.

import type { TSchema } from 'typebox';
import { GROUP, VERSION } from '../names.ts';
import { INTERCEPTS, type Resource, SESSIONS } from '../resources.ts';
import { InterceptSpec, InterceptStatus } from './intercept.ts';
import { SessionSpec, SessionStatus } from './session.ts';
import { buildStructuralSchema, type StructuralSchema } from './structural-schema.ts';

type Rule = { readonly rule: string; readonly message: string };
type Column = { readonly name: string; readonly type: string; readonly jsonPath: string; readonly priority?: number };

type CrdDescription = {
  readonly resource: Resource;
  readonly description: string;
  readonly shortName: string;
  readonly spec: StructuralSchema;
  readonly status: StructuralSchema;
  readonly columns: readonly Column[];
};

export function buildInterceptCrd(): object {
  return buildCrd({
    resource: INTERCEPTS,
    description: 'Sends the matching requests of a Service or workload to the laptop of one session.',
    shortName: 'tpi',
    spec: withInterceptRules(buildSpec(InterceptSpec)),
    status: buildStatus(InterceptStatus),
    columns: [
      { name: 'Target', type: 'string', jsonPath: '.status.summary.target' },
      { name: 'Match', type: 'string', jsonPath: '.status.summary.match' },
      { name: 'Owner', type: 'string', jsonPath: '.spec.owner' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Agents', type: 'string', jsonPath: '.status.summary.agents' },
      AGE_COLUMN,
    ],
  });
}

export function buildSessionCrd(): object {
  return buildCrd({
    resource: SESSIONS,
    description: 'One laptop: its public key, the certificate made for it, and the relays that hold its tunnel.',
    shortName: 'tps',
    spec: withImmutable(withRules(buildSpec(SessionSpec), [OWNER_GROUPS_RULE]), [
      'publicKey',
      'clientVersion',
      'hostname',
    ]),
    status: buildStatus(SessionStatus),
    columns: [
      { name: 'Owner', type: 'string', jsonPath: '.spec.owner' },
      { name: 'Host', type: 'string', jsonPath: '.spec.hostname' },
      { name: 'Version', type: 'string', jsonPath: '.spec.clientVersion' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Relays', type: 'string', jsonPath: '.status.relays', priority: 1 },
      AGE_COLUMN,
    ],
  });
}

const AGE_COLUMN: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

/** Both names become labels of the server name by which an agent's connection finds its laptop. */
const NAME_RULE: Rule = {
  rule: "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",
  message: 'the name must have at most 63 characters: lower-case letters, digits and hyphens',
};

const OWNER_RULE: Rule = {
  rule: '!has(oldSelf.owner) || (has(self.owner) && self.owner == oldSelf.owner)',
  message: 'the owner cannot be changed',
};

/** At the spec, as a rule at the field would let somebody add groups to a Session that has none. */
const OWNER_GROUPS_RULE: Rule = {
  rule: 'has(self.ownerGroups) == has(oldSelf.ownerGroups) && (!has(self.ownerGroups) || self.ownerGroups == oldSelf.ownerGroups)',
  message: "the owner's groups cannot be changed",
};

const LAPTOP_RULE: Rule = {
  rule: "(self.action == 'Exit') != has(self.laptop)",
  message: 'an intercept that redirects needs laptop.port, and an exit has none',
};

/** What an exit could not honour must not look as if it did. */
const EXIT_RULE: Rule = {
  rule: "self.action != 'Exit' || (self.match.headers.size() == 0 && !has(self.target.port))",
  message: 'an exit matches no requests, so it has neither headers nor a port of its target',
};

const PORT_RULE: Rule = {
  rule: "self.matches('^[0-9]{1,5}$') ? int(self) >= 1 && int(self) <= 65535 : self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",
  message: 'the port must be a number from 1 to 65535 or the name of a port',
};

function buildCrd({ resource, description, shortName, spec, status, columns }: CrdDescription): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        plural: resource.plural,
        singular: resource.kind.toLowerCase(),
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        shortNames: [shortName],
        categories: ['tp'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: buildRootSchema(description, spec, status) },
        },
      ],
    },
  };
}

/** `metadata` is the API server's own business; it is named only because CEL rules read the name. */
function buildRootSchema(description: string, spec: StructuralSchema, status: StructuralSchema): StructuralSchema {
  return {
    type: 'object',
    description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      status,
    },
    'x-kubernetes-validations': [NAME_RULE],
  };
}

function buildSpec(schema: TSchema): StructuralSchema {
  return withRules(buildStructuralSchema(schema), [OWNER_RULE]);
}

/** Conditions merge by type, as everywhere in Kubernetes. */
function buildStatus(schema: TSchema): StructuralSchema {
  const status = buildStructuralSchema(schema);
  return at(status, ['conditions'], (conditions) => listMap(conditions, 'type'));
}

function withInterceptRules(spec: StructuralSchema): StructuralSchema {
  const fixed = withImmutable(spec, ['session', 'target', 'match', 'action']);
  const withPort = at(fixed, ['target', 'port'], (port) => withRules(port, [PORT_RULE]));
  const withHeaders = at(withPort, ['match', 'headers'], (headers) => listMap(headers, 'name'));
  return withRules(withHeaders, [LAPTOP_RULE, EXIT_RULE]);
}

/** The rule stands at each field: the cost of comparing whole specs would exceed the API server's budget. */
function withImmutable(schema: StructuralSchema, fields: readonly string[]): StructuralSchema {
  const immutable = (field: string): Rule => ({
    rule: 'self == oldSelf',
    message: `${field} cannot be changed; delete the object and make a new one`,
  });
  return fields.reduce((all, field) => at(all, [field], (property) => withRules(property, [immutable(field)])), schema);
}

/** The API server refuses a list with two entries of one key. */
function listMap(schema: StructuralSchema, key: string): StructuralSchema {
  return { ...schema, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] };
}

function withRules(schema: StructuralSchema, rules: readonly Rule[]): StructuralSchema {
  const existing = (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];
  return { ...schema, 'x-kubernetes-validations': [...existing, ...rules] };
}

/** A copy of `schema` with the property at `path` replaced. */
function at(
  schema: StructuralSchema,
  path: readonly string[],
  change: (property: StructuralSchema) => StructuralSchema,
): StructuralSchema {
  const [name, ...rest] = path;
  if (name === undefined) return change(schema);
  const properties = schema.properties as Record<string, StructuralSchema> | undefined;
  const property = properties?.[name];
  if (property === undefined) throw new TypeError(`The schema has no property ${name}.`);
  return { ...schema, properties: { ...properties, [name]: at(property, rest, change) } };
}
