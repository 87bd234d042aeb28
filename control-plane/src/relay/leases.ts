// Tells the control plane which sessions have their tunnel here: one Lease per session and relay, made when the tunnel is
// up, gone at once when it is lost. Never on the data path: with the API server away it tries on and the relay serves on.

import { COMPONENT_LABEL, LEASES, SESSION_LABEL } from '../api/index.ts';
import { createBackOff } from '../kubernetes/backoff.ts';
import type { KubernetesClient } from '../kubernetes/index.ts';
import { formatMicroTime } from '../kubernetes/micro-time.ts';
import { waitFor } from '../waiting/index.ts';

/** A relay that dies without a word is left out after this time; agents have noticed long before. */
const LEASE_DURATION_SECONDS = 40;
/** Two renewals may fail before the Lease ends. */
const RENEW_INTERVAL_MS = 15_000;
const BACK_OFF = { firstMs: 100, maxMs: 5000 };

/** The relay's own pod. The Leases belong to it and go with it. */
export type RelayPod = { name: string; namespace: string; uid: string };

export type Leases = {
  hold(session: string): void;
  release(session: string): void;
  /** Releases all; resolves when they are gone, or have been given up after `limitMs`: they then run out by themselves. */
  close(limitMs: number): Promise<void>;
};

export function createLeases({
  client,
  pod,
  now,
  onTrouble,
}: {
  client: KubernetesClient;
  pod: RelayPod;
  now: () => number;
  onTrouble: (session: string, error: unknown) => void;
}): Leases {
  const held = new Set<string>();
  let isClosed = false;
  /** Nothing is tried any more. */
  const ended = new AbortController();
  const keepers = new Map<string, { done: Promise<void>; wake: AbortController }>();

  /** Makes the API server agree with `held`, until the session is not held and its Lease is gone, or all has ended. */
  async function keep(session: string): Promise<void> {
    const backOff = createBackOff(BACK_OFF);
    while (!ended.signal.aborted) {
      const isHeld = held.has(session);
      const wake = renewWake(session);
      try {
        await (isHeld ? apply(session) : remove(session));
        backOff.reset();
        if (!isHeld && !held.has(session)) return;
        await waitFor(isHeld ? RENEW_INTERVAL_MS : 0, wake);
      } catch (error) {
        if (!ended.signal.aborted) onTrouble(session, error);
        await backOff.wait(wake);
      }
    }
  }

  function renewWake(session: string): AbortSignal {
    const wake = new AbortController();
    const keeper = keepers.get(session);
    if (keeper !== undefined) keeper.wake = wake;
    return wake.signal;
  }

  function update(session: string): void {
    const keeper = keepers.get(session);
    if (keeper === undefined) startKeeping(session);
    else keeper.wake.abort();
  }

  function startKeeping(session: string): void {
    const keeper = { done: Promise.resolve(), wake: new AbortController() };
    keepers.set(session, keeper);
    keeper.done = keep(session).finally(() => keepers.delete(session));
  }

  async function apply(session: string): Promise<void> {
    const lease = buildLease(session, pod, now());
    const ref = { namespace: pod.namespace, name: lease.metadata.name };
    await client.patch(LEASES, ref, lease, { type: 'apply', signal: ended.signal });
  }

  async function remove(session: string): Promise<void> {
    const ref = { namespace: pod.namespace, name: leaseName(session, pod) };
    await client.delete(LEASES, ref, { signal: ended.signal });
  }

  function release(session: string): void {
    if (held.delete(session)) update(session);
  }

  return {
    hold(session) {
      if (isClosed) return;
      held.add(session);
      update(session);
    },
    release,
    async close(limitMs) {
      isClosed = true;
      for (const session of [...held]) release(session);
      const limit = new AbortController();
      const done = Promise.all([...keepers.values()].map((keeper) => keeper.done));
      await Promise.race([done, waitFor(limitMs, limit.signal)]);
      limit.abort();
      ended.abort();
      for (const { wake } of keepers.values()) wake.abort();
      await done;
    },
  };
}

function leaseName(session: string, pod: RelayPod): string {
  return `${session}.${pod.name}`;
}

function buildLease(session: string, pod: RelayPod, nowMs: number) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: leaseName(session, pod),
      namespace: pod.namespace,
      labels: { [SESSION_LABEL]: session, [COMPONENT_LABEL]: 'relay' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }],
    },
    spec: {
      holderIdentity: pod.name,
      leaseDurationSeconds: LEASE_DURATION_SECONDS,
      renewTime: formatMicroTime(nowMs),
    },
  };
}
