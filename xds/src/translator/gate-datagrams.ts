// What a gate does with a connection that carries datagrams: proxies them as RFC 9298 says, by one HTTP/2 request that
// asks for it. Where they go the relay has said, as for all connections of the gate; nothing in the request does.

import { RouterSchema } from '../proto/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManagerSchema,
} from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { GATE } from './resource-names.ts';
import { buildExtension, NEVER } from './typed-config.ts';

const UPGRADE = 'connect-udp';

export function buildDatagramProxy() {
  return buildExtension('envoy.filters.network.http_connection_manager', HttpConnectionManagerSchema, {
    statPrefix: GATE,
    codecType: HttpConnectionManager_CodecType.HTTP2,
    http2ProtocolOptions: { allowConnect: true },
    upgradeConfigs: [{ upgradeType: UPGRADE }],
    // Laptops end flows that have been silent.
    streamIdleTimeout: NEVER,
    requestTimeout: NEVER,
    routeSpecifier: { case: 'routeConfig', value: { virtualHosts: [{ name: GATE, domains: ['*'], routes: [ROUTE] }] } },
    httpFilters: [buildExtension('envoy.filters.http.router', RouterSchema, {})],
  });
}

const ROUTE = {
  match: { pathSpecifier: { case: 'connectMatcher' as const, value: {} } },
  action: {
    case: 'route' as const,
    value: {
      clusterSpecifier: { case: 'cluster' as const, value: GATE },
      timeout: NEVER,
      idleTimeout: NEVER,
      upgradeConfigs: [{ upgradeType: UPGRADE, connectConfig: {} }],
    },
  },
};
