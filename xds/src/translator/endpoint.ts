// Where clusters lead: the pod's own port, the relays that hold a session's tunnel, or those and the pod after them.
//
// None of them goes stale by itself: an agent whose control plane is away keeps on using what it knows, and finds out
// by connecting whether it still works.

import { create } from '@bufbuild/protobuf';
import type { Tunnel } from '../ir/agent-config.ts';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../proto/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { relaysName } from './resource-names.ts';
import { buildAddress } from './typed-config.ts';

export type Endpoint = { readonly address: string; readonly port: number };

/** Says of an endpoint that it is the application; see the transport sockets of the tunnel cluster. */
export const APP_MARK = { app: true };
const MARKS_FOR_SOCKETS = 'envoy.transport_socket_match';

/**
 * The relays of an intercept's session and, if the pod may answer in the laptop's place, the application with the next
 * priority: Envoy goes there when there is no relay, and when a request's attempts with relays have failed.
 */
export function buildTunnelEndpoints(
  intercept: string,
  { relays }: Tunnel,
  application: Endpoint | undefined,
): ClusterLoadAssignment {
  const metadata = { filterMetadata: { [MARKS_FOR_SOCKETS]: APP_MARK } };
  const last = application && { priority: 1, lbEndpoints: [{ ...buildEndpoint(application), metadata }] };
  return create(ClusterLoadAssignmentSchema, {
    clusterName: relaysName(intercept),
    endpoints: [{ priority: 0, lbEndpoints: relays.map(buildEndpoint) }, ...(last ? [last] : [])],
  });
}

/** Endpoints that are all alike. */
export function buildLoadAssignment(clusterName: string, endpoints: readonly Endpoint[]) {
  return { clusterName, endpoints: [{ lbEndpoints: endpoints.map(buildEndpoint) }] };
}

function buildEndpoint({ address, port }: Endpoint) {
  return { hostIdentifier: { case: 'endpoint' as const, value: { address: buildAddress(address, port) } } };
}
