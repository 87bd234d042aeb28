// Which relay pods there are.

import { COMPONENT_LABEL, PODS } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { followObjects } from '../kubernetes/follow.ts';
import { isReady, isTerminating, type Pod } from '../kubernetes/objects.ts';
import type { Log } from './log.ts';
import { assertSameVersion } from './same-version.ts';

type Options = {
  readonly client: KubernetesClient;
  readonly installNamespace: string;
  readonly signal: AbortSignal;
  /** Names of the relays that take tunnels, at first and after each change. */
  readonly onRelays: (pods: readonly string[]) => void;
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
  onRelays(readyNames(relays));
  followObjects<Pod>(client, PODS, {
    ...where,
    onChange: (pods) => onRelays(readyNames(pods)),
    onTrouble: (error) => log('watching relays failed', { error: error.message }),
  });
}

/** A relay that is ending lets its connections finish; it only takes no new tunnels. */
function readyNames(pods: readonly Pod[]): string[] {
  return pods.filter((pod) => isReady(pod) && !isTerminating(pod)).map(({ metadata }) => metadata.name);
}
