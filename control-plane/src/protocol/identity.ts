// SPIFFE ids in the certificates of both ends of the inner TLS connection.

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
