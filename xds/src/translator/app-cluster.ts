// The cluster of the application next door. Its upstream is the pod's address and not loopback, because some
// applications listen on that address alone.

import { create } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { buildProtocolOptions, NO_LIMITS } from './cluster.ts';
import { buildLoadAssignment } from './endpoint.ts';
import { BYSTANDER_STREAM_WINDOW_BYTES } from './http-protocol.ts';
import { appName } from './resource-names.ts';
import { buildDuration } from './typed-config.ts';

/** The application is in the same pod: what isn't accepted in this time won't be. */
const CONNECT_TIMEOUT_MS = 5000;

/**
 * Envoy keeps a caller's connection to the application when the caller has gone, until it was idle for this long: 17 kB
 * and a port each. Two seconds of 2,700 new callers a second, all that two cores take, are 90 MB.
 */
const IDLE_TIMEOUT_MS = 2000;

export function buildAppCluster(podIp: string, appPort: number): Cluster {
  return create(ClusterSchema, {
    ...buildPodCluster(appName(appPort), podIp, appPort),
    // One caller's connection is one connection to the application, as without agent: callers that share one would
    // share its HTTP/2 window and whoever it was authenticated for.
    connectionPoolPerDownstreamConnection: true,
    typedExtensionProtocolOptions: buildProtocolOptions(IDLE_TIMEOUT_MS, BYSTANDER_STREAM_WINDOW_BYTES),
  });
}

/** What is enough where bytes are passed on unread. */
export function buildPodCluster(name: string, podIp: string, appPort: number) {
  return {
    name,
    clusterDiscoveryType: { case: 'type' as const, value: Cluster_DiscoveryType.STATIC },
    connectTimeout: buildDuration(CONNECT_TIMEOUT_MS),
    circuitBreakers: NO_LIMITS,
    loadAssignment: buildLoadAssignment(name, [{ address: podIp, port: appPort }]),
  };
}
