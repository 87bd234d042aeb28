// How Envoy reads and writes HTTP on both of its sides, so that nobody notices it: headers in their own case,
// trailers, HTTP/1.0, any method, and no limit that the application doesn't have. docs/transparency.md lists the rest.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Http1ProtocolOptions,
  Http1ProtocolOptionsSchema,
  type Http2ProtocolOptions,
  Http2ProtocolOptionsSchema,
  type HttpProtocolOptionsSchema,
  HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores,
} from '../proto/generated/envoy/config/core/v3/protocol_pb.ts';
import { PreserveCaseFormatterConfigSchema } from '../proto/generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.ts';
import type { StringMatcherSchema } from '../proto/generated/envoy/type/matcher/v3/string_pb.ts';
import { buildDuration, buildTypedConfig } from './typed-config.ts';

/** Envoy's greatest header size; applications with a smaller limit refuse such requests themselves. */
export const MAX_HEADERS_KB = 8192;
const MAX_HEADERS = 10_000;
const MAX_CONCURRENT_STREAMS = 2 ** 31 - 1;
/** nghttp2 closes a connection whose streams are reset faster than this; callers that cancel a lot are no attack here. */
const UNLIMITED_RESETS = 1_000_000_000n;

/**
 * Window of one stream between callers, agent and application: HTTP/2's own default. With it, and the half-close guard
 * of the bootstrap, an answer that ends before its request arrives whole.
 */
export const BYSTANDER_STREAM_WINDOW_BYTES = 65_535;
/** Window of one stream to the laptop: the way is long. */
export const TUNNEL_STREAM_WINDOW_BYTES = 2 << 20;
/** Envoy gives credit back only when a reader consumes, so a few stalled readers must not use up a connection's window. */
const CONNECTION_WINDOW_BYTES = 1 << 30;

/** `ignoredUpgrades`: values of `upgrade` that are passed over instead of refused. */
export function buildHttp1Options(
  ignoredUpgrades: MessageInitShape<typeof StringMatcherSchema>[] = [],
): Http1ProtocolOptions {
  return create(Http1ProtocolOptionsSchema, {
    acceptHttp10: true,
    defaultHostForHttp10: 'http10.invalid',
    enableTrailers: true,
    allowChunkedLength: true,
    allowCustomMethods: true,
    headerKeyFormat: { headerFormat: { case: 'statefulFormatter', value: PRESERVE_CASE } },
    ignoreHttp11Upgrade: ignoredUpgrades,
  });
}

const PRESERVE_CASE = {
  name: 'envoy.http.stateful_header_formatters.preserve_case',
  typedConfig: buildTypedConfig(PreserveCaseFormatterConfigSchema, { forwardReasonPhrase: true }),
};

export function buildHttp2Options(streamWindowBytes: number): Http2ProtocolOptions {
  return create(Http2ProtocolOptionsSchema, {
    allowConnect: true,
    maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
    initialStreamWindowSize: streamWindowBytes,
    initialConnectionWindowSize: CONNECTION_WINDOW_BYTES,
    streamResetBurst: UNLIMITED_RESETS,
    streamResetRate: UNLIMITED_RESETS,
  });
}

/** What both HTTP versions share; an idle timeout of 0 means none. */
export function buildCommonOptions(idleTimeoutMs: number): MessageInitShape<typeof HttpProtocolOptionsSchema> {
  return {
    idleTimeout: buildDuration(idleTimeoutMs),
    maxHeadersCount: MAX_HEADERS,
    headersWithUnderscoresAction: Underscores.ALLOW,
  };
}
