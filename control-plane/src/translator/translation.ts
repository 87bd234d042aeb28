// What the translator takes beside the cluster's state and what it returns: everything that must become true, as data.
// The reconciler carries it out; nothing here has been done yet.

import type { KeyObject } from 'node:crypto';
import type { AgentConfig } from '@kubectl-tp/xds';
import type { AgentReport, Condition, InterceptStatus } from '../api/index.ts';
import type { ObjectKey, WorkloadKind } from '../state/cluster-state.ts';

export type TranslationContext = {
  readonly nowMs: number;
  /** Name of this control plane's own pod: the key of its entry in `status.reports`. */
  readonly replica: string;
  /** Pods of kubectl tp itself live there; they are never a target. */
  readonly installNamespace: string;
  /** How long agents stay in a workload that no intercept needs. */
  readonly agentIdleTimeoutMs: number;
  /** From it come the secrets of agents' gates (see gate-secret.ts). */
  readonly gateKey: KeyObject;
  /** `memory` of the translation before, `EMPTY_MEMORY` for the first. */
  readonly memory: TranslationMemory;
};

/**
 * What one translation hands to the next. Losing it is harmless: ports fall back to `tcp` at once, and agents hold their
 * intercepts again with their next acknowledgement.
 */
export type TranslationMemory = {
  /** Until when a port without intercept stays in mode `http`, by `<node>:<appPort>`; Infinity while it has one. */
  readonly httpUntilMs: ReadonlyMap<string, number>;
  /** The `acknowledged` of that translation, by uid of the intercept. */
  readonly acknowledged: ReadonlyMap<string, AgentReport>;
  /** Until when an agent counts as holding an intercept (see grace.ts); Infinity while a control plane pod says so. */
  readonly heldUntilMs: ReadonlyMap<string, number>;
};

export const EMPTY_MEMORY: TranslationMemory = {
  httpUntilMs: new Map(),
  acknowledged: new Map(),
  heldUntilMs: new Map(),
};

export type Translation = {
  /** One for every pod with an agent, by node id `<namespace>/<pod>`. Every replica publishes them. */
  readonly agents: ReadonlyMap<string, AgentConfig>;
  /** This process's own reports, for `status.reports.<replica>`. Every replica writes its own; absent = none to give. */
  readonly acknowledged: ReadonlyMap<ObjectKey, AgentReport>;
  /** Intercepts that agents of this process have yet to answer: the report of them is about to change. */
  readonly awaited: ReadonlySet<ObjectKey>;
  /** The leader writes what differs from the object. Intercepts that are being deleted or end now have none. */
  readonly statuses: ReadonlyMap<ObjectKey, DesiredStatus>;
  /** The leader patches these pod templates. */
  readonly rollouts: readonly RolloutRequest[];
  /** The leader patches UNUSED_SINCE_ANNOTATION of these workloads. */
  readonly unused: readonly UnusedMark[];
  /** The leader deletes these Intercepts. */
  readonly endings: readonly Ending[];
  readonly memory: TranslationMemory;
  /** Time alone changes the result then; undefined = only the state does. */
  readonly nextChangeMs: number | undefined;
};

/** A condition without its time: whoever writes it sets the time when `status` differs from what the object says. */
export type DesiredCondition = Omit<Condition, 'lastTransitionTime'>;

export type DesiredStatus = Omit<InterceptStatus, 'reports' | 'conditions'> & {
  readonly conditions: readonly DesiredCondition[];
};

export type WorkloadId = { readonly kind: WorkloadKind; readonly namespace: string; readonly name: string };

export type RolloutRequest = {
  readonly workload: WorkloadId;
  /** `Inject`: intercepts need agents there. `Remove`: nobody has needed them for the idle timeout. */
  readonly purpose: 'Inject' | 'Remove';
  /** Who waits for the new pods, sorted. */
  readonly intercepts: readonly ObjectKey[];
  /** New value of ROLLOUT_ANNOTATION in the pod template. */
  readonly annotation: string;
  /** For the workload's event: why it is rolled. */
  readonly message: string;
};

/** `since` undefined takes the annotation away. RFC 3339. */
export type UnusedMark = { readonly workload: WorkloadId; readonly since: string | undefined };

/** Why the control plane ends an intercept by itself. */
export const ENDING_REASONS = {
  Expired: 'Its time (spec.expiresAt) is over.',
  SessionGone: 'Its session no longer exists.',
} as const;
export type EndingReason = keyof typeof ENDING_REASONS;

export type Ending = { readonly intercept: ObjectKey; readonly uid: string | undefined; readonly reason: EndingReason };
