// The cluster of an intercept whose requests the pod answers when the laptop can't: the n-th attempt of a request goes
// to the n-th member. The tunnel comes twice, because a session has a relay more than one.

import { create } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterConfigSchema } from '../proto/generated/envoy/extensions/clusters/composite/v3/cluster_pb.ts';
import { NO_LIMITS } from './cluster.ts';
import { appName, tunnelName, tunnelOrAppName } from './resource-names.ts';
import { buildDuration, buildTypedConfig } from './typed-config.ts';

/** Has no effect, the members' own count; Envoy wants one. */
const CONNECT_TIMEOUT_MS = 10_000;

export function buildFallbackCluster(intercept: string, appPort: number): Cluster {
  const tunnel = { name: tunnelName(intercept) };
  return create(ClusterSchema, {
    name: tunnelOrAppName(intercept),
    connectTimeout: buildDuration(CONNECT_TIMEOUT_MS),
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    circuitBreakers: NO_LIMITS,
    clusterDiscoveryType: {
      case: 'clusterType',
      value: {
        name: 'envoy.clusters.composite',
        typedConfig: buildTypedConfig(ClusterConfigSchema, { clusters: [tunnel, tunnel, { name: appName(appPort) }] }),
      },
    },
  });
}
