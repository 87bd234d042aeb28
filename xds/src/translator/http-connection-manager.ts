// The HTTP connection manager of a captured port: reads requests so that routes can choose, and changes nothing else.
// Which settings that takes, and what no setting cures, was found with raw requests and is in docs/transparency.md.

import {
  HttpConnectionManager_CodecType as Codec,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  HttpConnectionManagerSchema,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { buildHttpFilters } from './http-filters.ts';
import {
  BYSTANDER_STREAM_WINDOW_BYTES,
  buildCommonOptions,
  buildHttp1Options,
  buildHttp2Options,
  MAX_HEADERS_KB,
} from './http-protocol.ts';
import { buildLocalReplies } from './local-reply.ts';
import { buildRequestCleaning } from './request-headers.ts';
import { buildAdsSource, buildExtension, NEVER } from './typed-config.ts';

/** Protocols that begin as an HTTP request and go on as something else. */
const UPGRADES = [{ upgradeType: 'websocket' }, { upgradeType: 'CONNECT' }];
/** Offers to upgrade that nobody must take up; Envoy would answer 403 where a server reads on. */
const IGNORED_UPGRADES = [
  { matchPattern: { case: 'prefix' as const, value: 'TLS/' } },
  { matchPattern: { case: 'prefix' as const, value: 'HTTP/' } },
  { matchPattern: { case: 'exact' as const, value: 'h2c' } },
];

/** `name` is that of the route configuration, and of the statistics. */
export function buildHttpConnectionManager(name: string) {
  return buildExtension('envoy.filters.network.http_connection_manager', HttpConnectionManagerSchema, {
    statPrefix: name,
    codecType: Codec.AUTO,
    routeSpecifier: { case: 'rds', value: { routeConfigName: name, configSource: buildAdsSource() } },
    httpFilters: buildHttpFilters(),
    upgradeConfigs: UPGRADES,
    localReplyConfig: buildLocalReplies(),
    // Nothing ends by time alone: applications have their own patience.
    streamIdleTimeout: NEVER,
    streamFlushTimeout: NEVER,
    requestTimeout: NEVER,
    // No limits but Envoy's own.
    maxRequestHeadersKb: MAX_HEADERS_KB,
    commonHttpProtocolOptions: buildCommonOptions(0),
    httpProtocolOptions: buildHttp1Options(IGNORED_UPGRADES),
    http2ProtocolOptions: buildHttp2Options(BYSTANDER_STREAM_WINDOW_BYTES),
    // No header is added, removed or rewritten.
    earlyHeaderMutationExtensions: [buildRequestCleaning()],
    serverHeaderTransformation: ServerHeader.PASS_THROUGH,
    generateRequestId: false,
    preserveExternalRequestId: true,
    useRemoteAddress: false,
    skipXffAppend: true,
    forwardClientCertDetails: ForwardClientCert.ALWAYS_FORWARD_ONLY,
    proxy100Continue: true,
    // Paths arrive as they were sent.
    normalizePath: false,
    mergeSlashes: false,
    pathWithEscapedSlashesAction: EscapedSlashes.KEEP_UNCHANGED,
  });
}
