// The Intercept object: which requests of which target go to which session's laptop. Schema and type in one place;
// the chart's CRD is generated from here, and each `description` is what `kubectl explain` says.

import { type Static, Type } from 'typebox';
import { Capture } from '../agent-description.ts';
import { Condition } from './conditions.ts';
import {
  HEADER_NAME_PATTERN,
  HEADER_VALUE_PATTERN,
  MAX_HEADER_MATCHES,
  MAX_HEADER_NAME_LENGTH,
  MAX_HEADER_VALUE_LENGTH,
} from './header-limits.ts';
import { ObjectMeta } from './object-meta.ts';

export const TargetKind = Type.Union(
  [Type.Literal('Service'), Type.Literal('Deployment'), Type.Literal('StatefulSet'), Type.Literal('DaemonSet')],
  { description: 'Kind of the target.' },
);
export type TargetKind = Static<typeof TargetKind>;

export const InterceptTarget = Type.Object(
  {
    kind: TargetKind,
    name: Type.String({
      minLength: 1,
      maxLength: 253,
      description: 'Name of the target, in the namespace of the intercept.',
    }),
    port: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        description:
          "Name or number of the Service's port, or of the container's for a workload. May be left out when there is only one.",
      }),
    ),
  },
  { description: 'The Service or workload whose pods the intercept is about. Cannot be changed.' },
);
export type InterceptTarget = Static<typeof InterceptTarget>;

export const HeaderMatch = Type.Object({
  name: Type.String({
    minLength: 1,
    maxLength: MAX_HEADER_NAME_LENGTH,
    pattern: HEADER_NAME_PATTERN,
    description: 'Name of the header, in lower case.',
  }),
  value: Type.String({
    maxLength: MAX_HEADER_VALUE_LENGTH,
    pattern: HEADER_VALUE_PATTERN,
    description: 'The whole value of the header, letter by letter.',
  }),
});
export type HeaderMatch = Static<typeof HeaderMatch>;

export const RequestMatch = Type.Object(
  {
    headers: Type.Array(HeaderMatch, {
      maxItems: MAX_HEADER_MATCHES,
      default: [],
      description: 'Headers that a request must have, all of them. An empty list matches every request.',
    }),
  },
  { description: 'Which requests come to the laptop. Cannot be changed.' },
);
export type RequestMatch = Static<typeof RequestMatch>;

export const Fallback = Type.Union([Type.Literal('Pod'), Type.Literal('Fail')], {
  default: 'Pod',
  description:
    'Who answers a matched request that cannot reach the laptop: the pod (Pod), or nobody, so that it fails (Fail).',
});
export type Fallback = Static<typeof Fallback>;

export const InterceptAction = Type.Union([Type.Literal('Redirect'), Type.Literal('Exit')], {
  default: 'Redirect',
  description:
    "Redirect: matching requests come to the laptop. Exit: no requests do, but connections of the laptop leave from the target's pods. Cannot be changed.",
});
export type InterceptAction = Static<typeof InterceptAction>;

export const InterceptSpec = Type.Object(
  {
    owner: Type.Optional(
      Type.String({
        maxLength: 1024,
        description:
          'User who made the intercept, as the API server knows them. Written by the webhook, whatever the request says.',
      }),
    ),
    session: Type.String({
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
      description: "Name of the owner's Session in the install's namespace. Cannot be changed.",
    }),
    action: InterceptAction,
    target: InterceptTarget,
    match: RequestMatch,
    laptop: Type.Optional(
      Type.Object(
        {
          port: Type.Integer({
            minimum: 1,
            maximum: 65535,
            description: 'TCP port on the laptop where the application listens.',
          }),
        },
        { description: 'Where requests come to on the laptop. Required by Redirect, refused by Exit.' },
      ),
    ),
    fallback: Fallback,
    expiresAt: Type.Optional(
      Type.String({
        format: 'date-time',
        description:
          'When the control plane deletes the intercept, RFC 3339. Without it the intercept ends with its session.',
      }),
    ),
  },
  { description: 'What the developer asks for. Written by kubectl tp on the laptop.' },
);
export type InterceptSpec = Static<typeof InterceptSpec>;

/** What one control plane process says its agents have acknowledged. Each process writes its own entry only. */
export const AgentReport = Type.Object({
  generation: Type.Integer({ description: 'metadata.generation of the Intercept that the agents acknowledged.' }),
  pods: Type.Array(Type.String(), {
    maxItems: 1000,
    description: 'Names of the pods whose agents acknowledged it to this replica.',
  }),
  rejection: Type.Optional(
    Type.String({
      maxLength: 1024,
      description: '"POD: TEXT" of an agent that rejects its configuration, with the text of its Envoy.',
    }),
  ),
});
export type AgentReport = Static<typeof AgentReport>;

export const InterceptStatus = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'metadata.generation of the Intercept that this status is about.' }),
    ),
    conditions: Type.Optional(
      Type.Array(Condition, {
        maxItems: 8,
        description:
          'Accepted: it makes sense and nobody else has the same requests. Programmed: the agents of all ready pods have acknowledged it. Ready: programmed, and the laptop is connected.',
      }),
    ),
    agents: Type.Optional(
      Type.Object(
        {
          ready: Type.Integer({ description: 'Number of ready pods whose agents have acknowledged the intercept.' }),
          total: Type.Integer({ description: 'Number of all ready pods of the target.' }),
        },
        { description: "How far the target's agents are." },
      ),
    ),
    capture: Type.Optional(Capture),
    appPort: Type.Optional(Type.Integer({ description: "Number of the application's port in the pod." })),
    summary: Type.Optional(
      Type.Object(
        {
          target: Type.String({ description: 'Target and port.' }),
          match: Type.String({
            description: 'Which requests come to the laptop, or that connections leave from here.',
          }),
          agents: Type.String({ description: '"READY/TOTAL" of the agents.' }),
        },
        { description: 'Texts for the columns of kubectl get.' },
      ),
    ),
    reports: Type.Optional(
      Type.Record(Type.String(), AgentReport, {
        description:
          "What each control plane replica's agents have acknowledged, by name of the replica's pod. Each replica writes its own entry.",
      }),
    ),
  },
  {
    description:
      'What has become of it. Written by the control plane: reports by each replica, all else by the leader.',
  },
);
export type InterceptStatus = Static<typeof InterceptStatus>;

export const Intercept = Type.Object({
  apiVersion: Type.Literal('kubectl-tp.dev/v1alpha1'),
  kind: Type.Literal('Intercept'),
  metadata: ObjectMeta,
  spec: InterceptSpec,
  status: Type.Optional(InterceptStatus),
});
export type Intercept = Static<typeof Intercept>;
