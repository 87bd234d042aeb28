// Which replica leads: the holder of one Lease. A leader that cannot renew in time stops leading before anybody else
// may begin; one that ends lets go at once.

import { LEASES } from '../api/index.ts';
import { waitFor } from '../waiting/index.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import { formatMicroTime } from './micro-time.ts';
import type { KubernetesClient, KubernetesObject } from './types.ts';

export type LeaderTiming = {
  /** Without renewal for that long another replica may take over. */
  readonly durationMs: number;
  /** A leader stops leading when its last renewal is that old, whatever it is doing: some seconds before another may take over. */
  readonly giveUpMs: number;
  readonly renewIntervalMs: number;
  /** How often a replica that doesn't lead looks whether it may; a leader that could not renew tries again as soon. */
  readonly lookIntervalMs: number;
};

const TIMING: LeaderTiming = { durationMs: 15_000, giveUpMs: 10_000, renewIntervalMs: 5000, lookIntervalMs: 2000 };

export type LeaderLeaseOptions = {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly name: string;
  /** Name of this pod: a container that restarts in place goes on leading. */
  readonly identity: string;
  readonly now: () => number;
  readonly timing?: LeaderTiming;
  readonly onChange: (isLeader: boolean) => void;
  readonly onTrouble: (error: unknown) => void;
};

export type LeaderLease = {
  readonly isLeader: boolean;
  /** Takes part until the signal is aborted, then lets go of the Lease. */
  run(signal: AbortSignal): Promise<void>;
};

type Lease = KubernetesObject & {
  spec: { holderIdentity?: string; renewTime?: string; acquireTime?: string; leaseDurationSeconds?: number };
};

export function createLeaderLease(options: LeaderLeaseOptions): LeaderLease {
  const { client, namespace, name, identity, now, timing = TIMING, onChange, onTrouble } = options;
  const durationSeconds = timing.durationMs / 1000;
  let isLeader = false;
  /** Ends the leading, unless a renewal comes first. */
  let lapse: NodeJS.Timeout | undefined;
  /** When this replica first saw the holder's latest renewal, by its own clock. */
  let seen = { renewTime: '', atMs: 0 };

  function lead(next: boolean): void {
    if (next === isLeader) return;
    isLeader = next;
    onChange(next);
  }

  async function takePart(signal: AbortSignal): Promise<void> {
    const startedMs = now();
    const lease = await readLease(signal);
    if (lease !== undefined && !mayTake(lease)) return lead(false);
    await writeLease(lease, signal);
    clearTimeout(lapse);
    lapse = setTimeout(() => lead(false), startedMs + timing.giveUpMs - now());
    lead(true);
  }

  /** Clocks differ between nodes: what counts is for how long we have seen no renewal. */
  function mayTake({ spec }: Lease): boolean {
    const { holderIdentity = '', renewTime = '', leaseDurationSeconds = durationSeconds } = spec;
    if (renewTime !== seen.renewTime) seen = { renewTime, atMs: now() };
    return holderIdentity === '' || holderIdentity === identity || now() - seen.atMs > leaseDurationSeconds * 1000;
  }

  async function readLease(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await client.get<Lease>(LEASES, { namespace, name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The resource version in `before` makes sure that of two replicas only one succeeds. */
  async function writeLease(before: Lease | undefined, signal: AbortSignal): Promise<void> {
    const time = formatMicroTime(now());
    const acquireTime = before?.spec.holderIdentity === identity ? before.spec.acquireTime : time;
    const spec = { holderIdentity: identity, leaseDurationSeconds: durationSeconds, acquireTime, renewTime: time };
    const head = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    if (before === undefined) await client.create(LEASES, { ...head, metadata: { name, namespace }, spec }, { signal });
    else await client.replace(LEASES, { ...before, ...head, spec } as Lease, { signal });
  }

  /** Asks who holds it: a write that was cut off by the signal may have made it ours. */
  async function letGo(): Promise<void> {
    clearTimeout(lapse);
    lead(false);
    const signal = AbortSignal.timeout(timing.renewIntervalMs);
    const lease = await readLease(signal);
    if (lease?.spec.holderIdentity !== identity) return;
    await client.replace(LEASES, { ...lease, spec: { ...lease.spec, holderIdentity: '' } } as Lease, { signal });
  }

  /** Whether the Lease is renewed. */
  async function attempt(signal: AbortSignal): Promise<boolean> {
    const limit = AbortSignal.timeout(timing.giveUpMs - timing.renewIntervalMs);
    try {
      await takePart(AbortSignal.any([signal, limit]));
      return isLeader;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) lead(false);
      else if (!signal.aborted) onTrouble(error);
      return false;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isRenewed = await attempt(signal);
      await waitFor(isRenewed ? timing.renewIntervalMs : timing.lookIntervalMs, signal);
    }
    await letGo().catch(onTrouble);
  }

  return {
    get isLeader() {
      return isLeader;
    },
    run,
  };
}
