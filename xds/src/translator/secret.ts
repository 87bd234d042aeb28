// The agent's certificate and key, and the authority that laptops' certificates come from.

import { create } from '@bufbuild/protobuf';
import type { AgentCredentials } from '../ir/agent-config.ts';
import { type Secret, SecretSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { AGENT_SECRET, AUTHORITY_SECRET } from './resource-names.ts';

export function buildAgentSecret({ certificateChain, privateKey }: AgentCredentials): Secret {
  return create(SecretSchema, {
    name: AGENT_SECRET,
    type: {
      case: 'tlsCertificate',
      value: { certificateChain: buildInline(certificateChain), privateKey: buildInline(privateKey) },
    },
  });
}

export function buildAuthoritySecret({ authority }: AgentCredentials): Secret {
  return create(SecretSchema, {
    name: AUTHORITY_SECRET,
    type: { case: 'validationContext', value: { trustedCa: buildInline(authority) } },
  });
}

export function buildInline(text: string) {
  return { specifier: { case: 'inlineString' as const, value: text } };
}
