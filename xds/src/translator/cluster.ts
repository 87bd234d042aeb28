// What all clusters of an agent have in common: no limits of our own, and the protocol that the caller speaks.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { CircuitBreakersSchema } from '../proto/generated/envoy/config/cluster/v3/circuit_breaker_pb.ts';
import { RoutingPriority } from '../proto/generated/envoy/config/core/v3/base_pb.ts';
import { HttpProtocolOptionsSchema } from '../proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { buildCommonOptions, buildHttp1Options, buildHttp2Options, MAX_HEADERS_KB } from './http-protocol.ts';
import { buildTypedConfig } from './typed-config.ts';

const UNLIMITED = 2 ** 32 - 1;

/** Envoy's default of 1,024 connections and requests would turn a busy pod's callers away. */
export const NO_LIMITS: MessageInitShape<typeof CircuitBreakersSchema> = {
  thresholds: [
    {
      priority: RoutingPriority.DEFAULT,
      maxConnections: UNLIMITED,
      maxPendingRequests: UNLIMITED,
      maxRequests: UNLIMITED,
      maxRetries: UNLIMITED,
    },
  ],
};

/** A cluster speaks what the caller spoke, HTTP/1 or HTTP/2, so that the far side sees what it would see without agent. */
export function buildProtocolOptions(idleTimeoutMs: number, streamWindowBytes: number): Record<string, Any> {
  const options = buildTypedConfig(HttpProtocolOptionsSchema, {
    commonHttpProtocolOptions: { ...buildCommonOptions(idleTimeoutMs), maxResponseHeadersKb: MAX_HEADERS_KB },
    upstreamProtocolOptions: {
      case: 'useDownstreamProtocolConfig',
      value: {
        httpProtocolOptions: buildHttp1Options(),
        http2ProtocolOptions: buildHttp2Options(streamWindowBytes),
      },
    },
  });
  return { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options };
}
