// SPIFFE ids in certificates: of agents and laptops at the ends of the inner TLS connection, and of relays.

const AGENT_ID = /^spiffe:\/\/tp\/ns\/([a-z0-9-]+)\/pod\/([a-z0-9.-]+)$/;

export type AgentIdentity = { namespace: string; pod: string };

export function buildAgentId({ namespace, pod }: AgentIdentity): string {
  return `spiffe://tp/ns/${namespace}/pod/${pod}`;
}

/** The pod a certificate was issued to; undefined if the URI names something else. */
export function parseAgentId(uri: string): AgentIdentity | undefined {
  const [, namespace, pod] = AGENT_ID.exec(uri) ?? [];
  return namespace !== undefined && pod !== undefined ? { namespace, pod } : undefined;
}

export function buildSessionId(session: string): string {
  return `spiffe://tp/session/${session}`;
}

/** By the name of its pod. */
export function buildRelayId(relay: string): string {
  return `spiffe://tp/relay/${relay}`;
}
