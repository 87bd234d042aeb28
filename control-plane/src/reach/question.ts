// What a relay asks the control plane, and what it is told.

import { type Static, Type } from 'typebox';

export const REACH_PATH = '/reach';

export const ReachQuestion = Type.Object({
  /** Name of the Session. */
  session: Type.String({ minLength: 1, maxLength: 63 }),
  /** An IP address in any spelling. */
  address: Type.String({ minLength: 1, maxLength: 64 }),
});
export type ReachQuestion = Static<typeof ReachQuestion>;

export const ReachAnswer = Type.Union([
  Type.Object({ allowed: Type.Literal(true) }),
  Type.Object({
    allowed: Type.Literal(false),
    /** `unknown`: nothing in the cluster has it, so the install's allow list decides. */
    reason: Type.Union([
      Type.Literal('malformed'),
      Type.Literal('closed'),
      Type.Literal('unknown'),
      Type.Literal('forbidden'),
      Type.Literal('no-session'),
    ]),
  }),
]);
export type ReachAnswer = Static<typeof ReachAnswer>;

export const EXIT_PATH = '/exit';

/** By which agents connections of a session may leave. */
export const ExitQuestion = Type.Object({
  /** Name of the Session. */
  session: Type.String({ minLength: 1, maxLength: 63 }),
  /** Of the Intercept. */
  namespace: Type.String({ minLength: 1, maxLength: 63 }),
  name: Type.String({ minLength: 1, maxLength: 63 }),
});
export type ExitQuestion = Static<typeof ExitQuestion>;

export const ExitAnswer = Type.Union([
  /** `agents`: those of ready pods whose gates are open; `secret` opens each for this exit. */
  Type.Object({
    found: Type.Literal(true),
    agents: Type.Array(
      Type.Object({
        pod: Type.String(),
        address: Type.String(),
        port: Type.Integer(),
        secret: Type.String({ maxLength: 255 }),
      }),
    ),
  }),
  /** There is no such exit of this session. */
  Type.Object({ found: Type.Literal(false) }),
]);
export type ExitAnswer = Static<typeof ExitAnswer>;

export const CERTIFICATE_PATH = '/certificate';

/** For a certificate of the relay that asks, by which laptops know it. */
export const CertificateQuestion = Type.Object({
  /** PEM of an EC P-256 key. */
  publicKey: Type.String({ minLength: 1, maxLength: 512 }),
});
export type CertificateQuestion = Static<typeof CertificateQuestion>;

export const CertificateAnswer = Type.Object({
  /** PEM */
  certificate: Type.String(),
  /** When to ask for the next. */
  renewAtMs: Type.Number(),
});
export type CertificateAnswer = Static<typeof CertificateAnswer>;
