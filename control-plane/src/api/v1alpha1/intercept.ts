// The Intercept object: which requests of which target go to which session's laptop. Schema and type in one place;
// the chart's CRD is generated from here.

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

export const TargetKind = Type.Union([
  Type.Literal('Service'),
  Type.Literal('Deployment'),
  Type.Literal('StatefulSet'),
  Type.Literal('DaemonSet'),
]);
export type TargetKind = Static<typeof TargetKind>;

export const InterceptTarget = Type.Object({
  kind: TargetKind,
  name: Type.String({ minLength: 1, maxLength: 253 }),
  /** Name or number of the Service's port (or of the container's, for workloads). May be left out when there is only one. */
  port: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
});
export type InterceptTarget = Static<typeof InterceptTarget>;

export const HeaderMatch = Type.Object({
  /** Header name in lower case. */
  name: Type.String({ minLength: 1, maxLength: MAX_HEADER_NAME_LENGTH, pattern: HEADER_NAME_PATTERN }),
  value: Type.String({ maxLength: MAX_HEADER_VALUE_LENGTH, pattern: HEADER_VALUE_PATTERN }),
});
export type HeaderMatch = Static<typeof HeaderMatch>;

export const RequestMatch = Type.Object({
  /** All must hold. An empty list matches every request. */
  headers: Type.Array(HeaderMatch, { maxItems: MAX_HEADER_MATCHES, default: [] }),
});
export type RequestMatch = Static<typeof RequestMatch>;

export const Fallback = Type.Union([Type.Literal('Pod'), Type.Literal('Fail')], { default: 'Pod' });
export type Fallback = Static<typeof Fallback>;

/** Exit: no requests come to the laptop, but connections of the laptop leave from the target's pods. */
export const InterceptAction = Type.Union([Type.Literal('Redirect'), Type.Literal('Exit')], { default: 'Redirect' });
export type InterceptAction = Static<typeof InterceptAction>;

export const InterceptSpec = Type.Object({
  /** User name as the API server knows it; the webhook stamps it, whatever the request says. */
  owner: Type.Optional(Type.String({ maxLength: 1024 })),
  /** Name of the owner's Session in the install's namespace. */
  session: Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' }),
  action: InterceptAction,
  target: InterceptTarget,
  match: RequestMatch,
  /** Where requests come to; an exit has none. */
  laptop: Type.Optional(Type.Object({ port: Type.Integer({ minimum: 1, maximum: 65535 }) })),
  /** Who answers a matched request that cannot reach the laptop: the pod, or an error. */
  fallback: Fallback,
  /** The intercept ends by itself at this time. */
  expiresAt: Type.Optional(Type.String({ format: 'date-time' })),
});
export type InterceptSpec = Static<typeof InterceptSpec>;

/** What one control plane process says its agents have acknowledged. Each process writes its own entry only. */
export const AgentReport = Type.Object({
  /** `metadata.generation` of the Intercept that the agents acknowledged. */
  generation: Type.Integer(),
  pods: Type.Array(Type.String(), { maxItems: 1000 }),
  /** `<pod>: <text>` of an agent that rejects its configuration. */
  rejection: Type.Optional(Type.String({ maxLength: 1024 })),
});
export type AgentReport = Static<typeof AgentReport>;

export const InterceptStatus = Type.Object({
  observedGeneration: Type.Optional(Type.Integer()),
  conditions: Type.Optional(Type.Array(Condition, { maxItems: 8 })),
  /** Ready pods of the target whose agents have acknowledged the intercept, of all ready pods of the target. */
  agents: Type.Optional(Type.Object({ ready: Type.Integer(), total: Type.Integer() })),
  /** How the port's connections come to the agents. */
  capture: Type.Optional(Capture),
  /** Number of the application's port in the pod. */
  appPort: Type.Optional(Type.Integer()),
  /** Texts for `kubectl get`. */
  summary: Type.Optional(Type.Object({ target: Type.String(), match: Type.String(), agents: Type.String() })),
  /** By name of the control plane's pod. */
  reports: Type.Optional(Type.Record(Type.String(), AgentReport)),
});
export type InterceptStatus = Static<typeof InterceptStatus>;

export const Intercept = Type.Object({
  apiVersion: Type.Literal('kubectl-tp.dev/v1alpha1'),
  kind: Type.Literal('Intercept'),
  metadata: ObjectMeta,
  spec: InterceptSpec,
  status: Type.Optional(InterceptStatus),
});
export type Intercept = Static<typeof Intercept>;
