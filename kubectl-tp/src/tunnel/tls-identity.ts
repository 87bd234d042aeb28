// The laptop's certificate in the form TLS uses, made anew only when the control plane has issued another.

import { createSecureContext, type SecureContext } from 'node:tls';
import { type AgentVerifier, createAgentVerifier } from './agent-certificate.ts';

/** All PEM. */
export type TunnelCertificate = { cert: string; key: string; authority: string };

export type TlsIdentity = {
  /** For agents that connect to the laptop. */
  context: SecureContext;
  /** For gates of agents, which the laptop connects to; see xds/translator/tls.ts for the version. */
  gateContext: SecureContext;
  verifyAgent: AgentVerifier;
};

/** Lets agents resume their TLS sessions: a fresh connection then needs no signature on either side. */
const SESSION_ID_CONTEXT = 'kubectl-tp';

export function createTlsIdentity(certificate: () => TunnelCertificate): () => TlsIdentity {
  let current: { from: TunnelCertificate; identity: TlsIdentity } | undefined;
  return () => {
    const from = certificate();
    if (current === undefined || !isSame(current.from, from)) current = { from, identity: buildIdentity(from) };
    return current.identity;
  };
}

function buildIdentity({ cert, key, authority }: TunnelCertificate): TlsIdentity {
  const context = createSecureContext({
    cert,
    key,
    ca: authority,
    minVersion: 'TLSv1.3',
    sessionIdContext: SESSION_ID_CONTEXT,
  });
  const gateContext = createSecureContext({
    cert,
    key,
    ca: authority,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  return { context, gateContext, verifyAgent: createAgentVerifier(authority) };
}

function isSame(left: TunnelCertificate, right: TunnelCertificate): boolean {
  return left.cert === right.cert && left.key === right.key && left.authority === right.authority;
}
