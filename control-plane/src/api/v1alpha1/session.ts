// The Session object: one laptop's identity. The private key never leaves the laptop; the object holds the public one.
// Each `description` is what `kubectl explain` says.

import { type Static, Type } from 'typebox';
import { Condition } from './conditions.ts';
import { ObjectMeta } from './object-meta.ts';

/** An identity provider may name more: those beyond give no rights through the relay. */
export const MAX_OWNER_GROUPS = 128;
export const MAX_OWNER_GROUP_LENGTH = 256;

export const SessionSpec = Type.Object(
  {
    owner: Type.Optional(
      Type.String({
        maxLength: 1024,
        description:
          'User who made the session, as the API server knows them. Written by the webhook, whatever the request says.',
      }),
    ),
    ownerGroups: Type.Optional(
      Type.Array(Type.String({ maxLength: MAX_OWNER_GROUP_LENGTH }), {
        maxItems: MAX_OWNER_GROUPS,
        description:
          'Groups of the owner when the session was made, written by the webhook. What the session may dial is decided for user and groups.',
      }),
    ),
    publicKey: Type.String({
      minLength: 1,
      maxLength: 1024,
      description:
        "The laptop's public key, PEM of SubjectPublicKeyInfo, EC P-256. Its private key stays on the laptop. Cannot be changed.",
    }),
    clientVersion: Type.String({
      maxLength: 64,
      description: 'Version of kubectl tp on the laptop. Cannot be changed.',
    }),
    hostname: Type.Optional(
      Type.String({
        maxLength: 253,
        description: 'What the laptop calls itself, for people only. Cannot be changed.',
      }),
    ),
  },
  { description: 'Who the laptop is. Written by kubectl tp on the laptop.' },
);
export type SessionSpec = Static<typeof SessionSpec>;

export const SessionStatus = Type.Object(
  {
    conditions: Type.Optional(Type.Array(Condition, { maxItems: 8, description: 'Ready: the certificate is issued.' })),
    certificate: Type.Optional(Type.String({ description: "The laptop's certificate, PEM." })),
    authority: Type.Optional(
      Type.String({ description: "Certificates of the authority that agents' certificates come from, PEM." }),
    ),
    certificateExpiresAt: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'When the certificate ends, RFC 3339. A new one appears well before.',
      }),
    ),
    relays: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 64,
        description: "Names of the relay pods that hold this session's tunnel now.",
      }),
    ),
  },
  { description: 'What the laptop needs, and where it is connected. Written by the leader of the control plane.' },
);
export type SessionStatus = Static<typeof SessionStatus>;

export const Session = Type.Object({
  apiVersion: Type.Literal('kubectl-tp.dev/v1alpha1'),
  kind: Type.Literal('Session'),
  metadata: ObjectMeta,
  spec: SessionSpec,
  status: Type.Optional(SessionStatus),
});
export type Session = Static<typeof Session>;
