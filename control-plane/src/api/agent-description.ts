// What the webhook records about an injected agent in the pod's annotation and the control plane reads back.

import { type Static, Type } from 'typebox';

export const Capture = Type.Union([Type.Literal('Name'), Type.Literal('Nft')], {
  description:
    "How the port's connections come to the agent: it took over the port's name (Name), or nft rules redirect them (Nft).",
});
export type Capture = Static<typeof Capture>;

export const CapturedPort = Type.Object({
  /** Name of the application's container port as the pod's author wrote it, if it had one. */
  name: Type.Optional(Type.String()),
  /** Number the application listens on. */
  appPort: Type.Integer({ minimum: 1, maximum: 65535 }),
  /** Number the agent listens on. */
  agentPort: Type.Integer({ minimum: 1, maximum: 65535 }),
  capture: Capture,
  /** Container that owns the port. */
  container: Type.String(),
});
export type CapturedPort = Static<typeof CapturedPort>;

export const AgentDescription = Type.Object({
  /** Version of the webhook that injected the agent. */
  version: Type.String(),
  ports: Type.Array(CapturedPort, { maxItems: 16 }),
});
export type AgentDescription = Static<typeof AgentDescription>;
