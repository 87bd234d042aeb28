// The listener of a captured port. It is on the pod's own address, which the kernel prefers to the bootstrap's listener
// on any address and the same port. Its one filter chain alone changes between reading requests and passing bytes on:
// Envoy does that in place, new connections meet the new chain, and old ones end in their own time.

import { create } from '@bufbuild/protobuf';
import type { AgentPort } from '../ir/agent-config.ts';
import { type Listener, ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.ts';
import { buildHttpConnectionManager } from './http-connection-manager.ts';
import { appName, inboundName } from './resource-names.ts';
import { buildTcpProxy } from './tcp-proxy.ts';
import { buildAddress } from './typed-config.ts';

export function buildListener(podIp: string, port: AgentPort): Listener {
  return create(ListenerSchema, {
    name: inboundName(port.appPort),
    address: buildAddress(podIp, port.agentPort),
    filterChains: [{ name: port.mode, filters: [buildFilter(port)] }],
  });
}

function buildFilter({ mode, appPort }: AgentPort) {
  if (mode === 'http') return buildHttpConnectionManager(inboundName(appPort));
  return buildTcpProxy(inboundName(appPort), appName(appPort));
}
