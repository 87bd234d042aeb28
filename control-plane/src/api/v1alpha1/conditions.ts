// Conditions of our objects with their closed lists of reasons. The sentences are what people read in
// `kubectl describe` and in the CLI's progress; a `{detail}` is filled in by whoever sets the condition, by `formatReason`.

import { type Static, Type } from 'typebox';

/** Refusals of other people's webhooks are in it, of any length. */
const MAX_MESSAGE_LENGTH = 4096;

export const Condition = Type.Object({
  type: Type.String({ maxLength: 64, description: 'Name of the condition.' }),
  status: Type.Union([Type.Literal('True'), Type.Literal('False'), Type.Literal('Unknown')], {
    description: 'Whether it holds.',
  }),
  reason: Type.String({ maxLength: 128, description: 'Why, in one word for programs.' }),
  message: Type.String({ maxLength: MAX_MESSAGE_LENGTH, description: 'Why, in a sentence for people.' }),
  observedGeneration: Type.Optional(
    Type.Integer({ description: 'metadata.generation of the object that the condition is about.' }),
  ),
  lastTransitionTime: Type.String({ format: 'date-time', description: 'When its status last changed, RFC 3339.' }),
});
export type Condition = Static<typeof Condition>;

/** Accepted: the intercept makes sense and nobody else has the same requests. */
export const ACCEPTED_REASONS = {
  Accepted: 'The intercept is accepted.',
  TargetNotFound: '{detail}',
  PortNotFound: '{detail}',
  PortAmbiguous: '{detail}',
  ProtocolNotSupported: '{detail}',
  Conflict: '{detail}',
  TooManyIntercepts: '{detail}',
  SessionNotFound: 'Session {detail} does not exist; the intercept ends.',
  NotOwner: 'Session {detail} belongs to somebody else.',
  WorkloadNotRollable: '{detail}',
} as const;
export type AcceptedReason = keyof typeof ACCEPTED_REASONS;

/** Programmed: the agents of all ready pods have acknowledged the configuration. */
export const PROGRAMMED_REASONS = {
  Programmed: 'All agents have acknowledged the intercept.',
  NotAccepted: 'The intercept is not accepted.',
  RollingOut: 'Pods are being replaced so that they carry an agent: {detail}.',
  WorkloadPaused: '{detail}',
  /** Somebody has to act: waiting gives these pods no agent. */
  AgentMissing: '{detail}',
  WaitingForAgents: 'Waiting for agents: {detail}.',
  NoReadyPods: 'No pod of the target is ready: {detail}.',
  Rejected: 'An agent rejected its configuration: {detail}',
} as const;
export type ProgrammedReason = keyof typeof PROGRAMMED_REASONS;

/** Ready: programmed, and the session's tunnel is up. */
export const READY_REASONS = {
  Ready: '{detail}.',
  NotProgrammed: 'The intercept is not programmed yet.',
  LaptopAway: 'No relay holds the tunnel of the laptop; {detail}.',
} as const;
export type ReadyReason = keyof typeof READY_REASONS;

/** Ready of a Session: its certificate is issued. */
export const SESSION_READY_REASONS = {
  Issued: 'The certificate is issued.',
  InvalidPublicKey: 'The public key is not PEM of an EC P-256 key.',
} as const;
export type SessionReadyReason = keyof typeof SESSION_READY_REASONS;

/** The sentence of a reason as the message of its condition; cut to what the CRD takes. */
export function formatReason<Reason extends string>(
  sentences: Readonly<Record<Reason, string>>,
  reason: Reason,
  detail = '',
): string {
  // By a function: what comes from outside may hold `$&`, which means something in a text.
  return sentences[reason].replace('{detail}', () => detail).slice(0, MAX_MESSAGE_LENGTH);
}
