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
  type CommonTlsContextSchema,
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
    commonTlsContext: { alpnProtocols: [...alpn], ...buildTrust(peerName) },
  });
}

/** `peerName`: DNS name that the certificate of the laptop which connects must have. */
export function buildLaptopServerTls(peerName: string): MessageInitShape<typeof TransportSocketSchema> {
  return buildExtension('envoy.transport_sockets.tls', DownstreamTlsContextSchema, {
    requireClientCertificate: true,
    commonTlsContext: buildTrust(peerName),
  });
}

function buildTrust(peerName: string): MessageInitShape<typeof CommonTlsContextSchema> {
  return {
    tlsParams: TLS_1_3,
    tlsCertificateSdsSecretConfigs: [{ name: AGENT_SECRET, sdsConfig: buildAdsSource() }],
    validationContextType: {
      case: 'combinedValidationContext',
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
