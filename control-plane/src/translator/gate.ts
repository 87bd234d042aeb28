// The gate of an agent: for which sessions' connections it opens, and from which relays they may come.

import type { KeyObject } from 'node:crypto';
import type { Gate } from '@kubectl-tp/xds';
import { COMPONENT_LABEL, GATE_PROOF_ADDRESS, GATE_SECRET_TYPE } from '../api/index.ts';
import { compareText } from '../match/index.ts';
import { sessionName } from '../protocol/server-name.ts';
import type { ClusterState, PodModel } from '../state/cluster-state.ts';
import { findGatePort } from './exit-target.ts';
import { buildGateSecret } from './gate-secret.ts';
import type { LiveIntercept } from './intercept.ts';

export type GateTerms = { readonly relays: readonly string[]; readonly gateKey: KeyObject };

/** Undefined unless somebody has asked for it. */
export function buildGate(
  pod: PodModel,
  exits: readonly LiveIntercept[],
  { relays, gateKey }: GateTerms,
): Gate | undefined {
  if (exits.length === 0) return undefined;
  return {
    port: findGatePort(pod),
    proofAddress: GATE_PROOF_ADDRESS,
    relays,
    secretType: GATE_SECRET_TYPE,
    exits: exits
      .toSorted((a, b) => compareText(a.id, b.id))
      .map(({ id, object }) => ({
        id,
        secret: buildGateSecret(gateKey, { pod, exit: object }),
        peerName: sessionName(object.spec.session),
      })),
  };
}

/** In all families, sorted. Not only those that are ready: one that is ending still has laptops. */
export function listRelayAddresses({ pods }: ClusterState, installNamespace: string): readonly string[] {
  const relays = [...pods.values()].filter(
    ({ namespace, labels }) => namespace === installNamespace && labels[COMPONENT_LABEL] === 'relay',
  );
  const addresses = relays.flatMap(({ ip, otherIps }) => (ip === undefined ? [] : [ip, ...otherIps]));
  return addresses.toSorted(compareText);
}
