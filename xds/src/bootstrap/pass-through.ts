// A captured port without a control plane: a listener on any address that passes bytes on to the application. The
// stream's listener on the pod's address takes new connections over, and those that are here stay.

import { create } from '@bufbuild/protobuf';
import { type Cluster, ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { type Listener, ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.ts';
import { buildPodCluster } from '../translator/app-cluster.ts';
import { buildTcpProxy } from '../translator/tcp-proxy.ts';
import { buildAnyAddress } from '../translator/typed-config.ts';
import type { CapturedPort } from './bootstrap-options.ts';

/** The cluster has a name of its own: the stream's cluster of the same port may be configured otherwise later on. */
export function buildPassThrough(
  { appPort, agentPort }: CapturedPort,
  ipv6: boolean,
): { listener: Listener; cluster: Cluster } {
  const name = `pass-through/${appPort}`;
  const listener = create(ListenerSchema, {
    name,
    address: buildAnyAddress(agentPort, ipv6),
    filterChains: [{ filters: [buildTcpProxy(name, name)] }],
  });
  return { listener, cluster: create(ClusterSchema, buildPodCluster(name, '$(POD_IP)', appPort)) };
}
