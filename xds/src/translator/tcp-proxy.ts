// The filter of a port on which nothing is read: bytes go to the application and back, half-closes included.

import { TcpProxySchema } from '../proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { buildExtension, NEVER } from './typed-config.ts';

export function buildTcpProxy(statPrefix: string, cluster: string) {
  return buildExtension('envoy.filters.network.tcp_proxy', TcpProxySchema, {
    statPrefix,
    clusterSpecifier: { case: 'cluster', value: cluster },
    idleTimeout: NEVER,
  });
}
