// Where clusters lead: the pod's own port, or the relays that hold a session's tunnel.

import { create } from '@bufbuild/protobuf';
import type { Tunnel } from '../ir/agent-config.ts';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../proto/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { sessionName } from './resource-names.ts';
import { buildAddress, buildDuration } from './typed-config.ts';

/**
 * An agent that heard nothing of a session's relays for this long takes the laptop for gone. The control plane must
 * send each endpoint resource again well within this time, changed or not.
 */
export const ENDPOINT_STALE_AFTER_MS = 5 * 60_000;

type Endpoint = { readonly address: string; readonly port: number };

/** The relays of one session; none makes Envoy pass on to the application at once. */
export function buildTunnelEndpoints({ session, relays }: Tunnel): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    ...buildLoadAssignment(sessionName(session), relays),
    policy: { endpointStaleAfter: buildDuration(ENDPOINT_STALE_AFTER_MS) },
  });
}

/** The part that all load assignments share, to be completed. */
export function buildLoadAssignment(clusterName: string, endpoints: readonly Endpoint[]) {
  const lbEndpoints = endpoints.map(({ address, port }) => ({
    hostIdentifier: { case: 'endpoint' as const, value: { address: buildAddress(address, port) } },
  }));
  return { clusterName, endpoints: [{ lbEndpoints }] };
}
