// TLS between agent and laptop, end to end through the relay, whichever of them has connected: both show certificates of
// the control plane's authority, and the agent insists on the laptop's own name in it.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TransportSocketSchema } from '../proto/generated/envoy/config/core/v3/base_pb.ts';
import {
  SubjectAltNameMatcher_SanType,
  type TlsParametersSchema,
  TlsParameters_TlsProtocol as Version,
} from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { AGENT_SECRET, AUTHORITY_SECRET } from './resource-names.ts';
import { buildAdsSource, buildExtension } from './typed-config.ts';

export type LaptopTls = {
  /** Goes out as SNI: the relay finds the session by it, the laptop the intercept. */
  readonly serverName: string;
  /** DNS name that the laptop's certificate must have. */
  readonly peerName: string;
  /** Empty: Envoy offers the protocol of the request at hand, `http/1.1` or `h2`. */
  readonly alpn: readonly string[];
};

export function buildLaptopTls({
  serverName,
  peerName,
  alpn,
}: LaptopTls): MessageInitShape<typeof TransportSocketSchema> {
  return buildExtension('envoy.transport_sockets.tls', UpstreamTlsContextSchema, {
    sni: serverName,
    commonTlsContext: { alpnProtocols: [...alpn], tlsParams: TLS_1_3, ...buildTrust(peerName) },
  });
}

/** `peerName`: DNS name that the certificate of the laptop which connects must have. */
export function buildLaptopServerTls(peerName: string): MessageInitShape<typeof TransportSocketSchema> {
  return buildExtension('envoy.transport_sockets.tls', DownstreamTlsContextSchema, {
    requireClientCertificate: true,
    // Resumption would let the agent end a later handshake with its first message.
    disableStatefulSessionResumption: true,
    sessionTicketKeysType: { case: 'disableStatelessSessionResumption', value: true },
    commonTlsContext: { tlsParams: TLS_1_2, ...buildTrust(peerName) },
  });
}

/**
 * Here the agent's last word is an answer to what the laptop says second, which Envoy reads when it has connected to the
 * far side. In 1.3 it would come with its first one, connected or not.
 */
const TLS_1_2: MessageInitShape<typeof TlsParametersSchema> = {
  tlsMinimumProtocolVersion: Version.TLSv1_2,
  tlsMaximumProtocolVersion: Version.TLSv1_2,
  cipherSuites: ['ECDHE-ECDSA-AES128-GCM-SHA256'],
};

function buildTrust(peerName: string) {
  return {
    tlsCertificateSdsSecretConfigs: [{ name: AGENT_SECRET, sdsConfig: buildAdsSource() }],
    validationContextType: {
      case: 'combinedValidationContext' as const,
      value: {
        defaultValidationContext: { matchTypedSubjectAltNames: [buildDnsNameMatcher(peerName)] },
        validationContextSdsSecretConfig: { name: AUTHORITY_SECRET, sdsConfig: buildAdsSource() },
      },
    },
  };
}

export function buildDnsNameMatcher(name: string) {
  const matcher = { matchPattern: { case: 'exact' as const, value: name } };
  return { sanType: SubjectAltNameMatcher_SanType.DNS, matcher };
}

/** Both bounds are needed: an upstream's maximum is TLS 1.2 by default, and a minimum above it fails every handshake. */
export const TLS_1_3: MessageInitShape<typeof TlsParametersSchema> = {
  tlsMinimumProtocolVersion: Version.TLSv1_3,
  tlsMaximumProtocolVersion: Version.TLSv1_3,
};
