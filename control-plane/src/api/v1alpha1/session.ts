// The Session object: one laptop's identity. The private key never leaves the laptop; the object holds the public one.

import { type Static, Type } from 'typebox';
import { Condition } from './conditions.ts';
import { ObjectMeta } from './object-meta.ts';

/** An identity provider may name more: those beyond give no rights through the relay. */
export const MAX_OWNER_GROUPS = 128;
export const MAX_OWNER_GROUP_LENGTH = 256;

export const SessionSpec = Type.Object({
  /** User name as the API server knows it; the webhook stamps it, whatever the request says. */
  owner: Type.Optional(Type.String({ maxLength: 1024 })),
  /** Groups of the owner at the creation, stamped likewise: what the session may dial is asked for user and groups. */
  ownerGroups: Type.Optional(
    Type.Array(Type.String({ maxLength: MAX_OWNER_GROUP_LENGTH }), { maxItems: MAX_OWNER_GROUPS }),
  ),
  /** Public key, PEM of SubjectPublicKeyInfo, EC P-256. */
  publicKey: Type.String({ minLength: 1, maxLength: 1024 }),
  /** Version of the plugin on the laptop. */
  clientVersion: Type.String({ maxLength: 64 }),
  /** What the laptop calls itself; for people only. */
  hostname: Type.Optional(Type.String({ maxLength: 253 })),
});
export type SessionSpec = Static<typeof SessionSpec>;

export const SessionStatus = Type.Object({
  conditions: Type.Optional(Type.Array(Condition, { maxItems: 8 })),
  /** The laptop's certificate and the authority that agents' certificates come from, both PEM. */
  certificate: Type.Optional(Type.String()),
  authority: Type.Optional(Type.String()),
  /** When the certificate ends, RFC 3339; a new one appears well before. */
  certificateExpiresAt: Type.Optional(Type.String({ format: 'date-time' })),
  /** Names of the relay pods that hold this session's tunnel now. */
  relays: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
});
export type SessionStatus = Static<typeof SessionStatus>;

export const Session = Type.Object({
  apiVersion: Type.Literal('kubectl-tp.dev/v1alpha1'),
  kind: Type.Literal('Session'),
  metadata: ObjectMeta,
  spec: SessionSpec,
  status: Type.Optional(SessionStatus),
});
export type Session = Static<typeof Session>;
