// A listener for the pod's readiness probe, which ends each connection by itself. A probe of a captured port would go
// through to the application: one connection a second that says nothing, which some applications log as an attack.

import { create } from '@bufbuild/protobuf';
import { type Listener, ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.ts';
import { ConfigSchema } from '../proto/generated/envoy/extensions/filters/network/direct_response/v3/config_pb.ts';
import { buildAnyAddress, buildExtension } from '../translator/typed-config.ts';

/** It opens together with the pass-through listeners. */
export function buildReadiness(port: number, ipv6: boolean): Listener {
  const end = buildExtension('envoy.filters.network.direct_response', ConfigSchema, {});
  return create(ListenerSchema, {
    name: 'readiness',
    address: buildAnyAddress(port, ipv6),
    filterChains: [{ filters: [end] }],
  });
}
