// Which relay pods there are, and where they can be reached without the API server.

import { COMPONENT_LABEL, DIRECT_ADDRESS_ANNOTATION, PODS } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { followObjects } from '../kubernetes/follow.ts';
import { isReady, isTerminating, type Pod } from '../kubernetes/objects.ts';
import type { Log } from '../log.ts';
import type { DirectAddress } from '../tunnel/dial-direct.ts';
import { assertSameVersion } from './same-version.ts';

/** `name`: of its pod. */
export type Relay = { readonly name: string; readonly directAddress: DirectAddress | undefined };

type Options = {
  readonly client: KubernetesClient;
  readonly installNamespace: string;
  readonly signal: AbortSignal;
  /** The relays that take tunnels, at first and after each change. */
  readonly onRelays: (relays: readonly Relay[]) => void;
  readonly log: Log;
};

const LABEL_SELECTOR = `${COMPONENT_LABEL}=relay`;

/**
 * Resolves when the relays are known; follows them until the signal. Throws when the user may not
 * see them or they are of another version.
 */
export async function followRelays({ client, installNamespace, signal, onRelays, log }: Options): Promise<void> {
  const where = { namespace: installNamespace, labelSelector: LABEL_SELECTOR, signal };
  // A list tells a missing right at once; a watch would only keep trying.
  const relays = await client.list<Pod>(PODS, where);
  assertSameVersion(relays);
  onRelays(listReady(relays));
  followObjects<Pod>(client, PODS, {
    ...where,
    onChange: (pods) => onRelays(listReady(pods)),
    onTrouble: (error) => log('watching relays failed', { error: error.message }),
  });
}

/** A relay that is ending lets its connections finish; it only takes no new tunnels. */
function listReady(pods: readonly Pod[]): Relay[] {
  return pods
    .filter((pod) => isReady(pod) && !isTerminating(pod))
    .map(({ metadata: { name, annotations } }) => ({
      name,
      directAddress: parseAddress(annotations?.[DIRECT_ADDRESS_ANNOTATION]),
    }));
}

/** The chart has looked at its form. */
function parseAddress(text = ''): DirectAddress | undefined {
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(text) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}
