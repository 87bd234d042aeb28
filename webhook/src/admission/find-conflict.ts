// Whether another Intercept of the namespace gets some of the requests that a new one asks for.

import type { Intercept, InterceptSpec, InterceptTarget } from '@kubectl-tp/control-plane/api';
import { explainConflict, overlap } from '@kubectl-tp/control-plane/match';
import { findServicePort, type ServiceView } from '../inject/namespace-view.ts';
import type { Pod } from '../inject/pod.ts';
import { sharePort } from './share-port.ts';

export type Candidate = {
  readonly namespace: string;
  readonly name: string;
  /** Who asks for it, whatever its spec says. */
  readonly owner?: string | undefined;
  readonly spec: InterceptSpec;
};

export type Surroundings = {
  readonly others: readonly Intercept[];
  readonly services: readonly ServiceView[];
  readonly nowMs: number;
  /** The pods that a Service selects. Asked only when matches overlap and targets differ. */
  readonly listPods: (selector: Readonly<Record<string, string>>) => Promise<readonly Pod[]>;
};

/** The text for whoever asks, with the other's owner and an example request; undefined when there is no conflict. */
export async function findConflict(candidate: Candidate, around: Surroundings): Promise<string | undefined> {
  const { name, spec } = candidate;
  if (spec.action === 'Exit') return undefined;
  const rivals = around.others.filter(
    // The same name is the API server's to refuse, as an object that exists already.
    (other) =>
      other.metadata.name !== name &&
      other.spec.action !== 'Exit' &&
      !isEnding(other, around.nowMs) &&
      overlap(spec.match, other.spec.match) !== undefined,
  );
  const rival =
    rivals.find((other) => isSamePort(spec.target, other.spec.target, around.services)) ??
    (await findSharing(spec.target, rivals, around));
  return rival && explain(candidate, rival);
}

function explain({ namespace, owner, spec }: Candidate, rival: Intercept): string | undefined {
  const example = overlap(spec.match, rival.spec.match);
  const other = { ...rival.spec, namespace, name: rival.metadata.name };
  return example && explainConflict({ ...spec, owner }, other, example);
}

function isEnding({ metadata, spec }: Intercept, nowMs: number): boolean {
  return (
    metadata.deletionTimestamp !== undefined || (spec.expiresAt !== undefined && Date.parse(spec.expiresAt) <= nowMs)
  );
}

/** Told from the targets alone. */
function isSamePort(a: InterceptTarget, b: InterceptTarget, services: readonly ServiceView[]): boolean {
  if (a.kind !== b.kind || a.name !== b.name) return false;
  if (a.port === b.port) return true;
  // A workload's port that is left out is its only one.
  if (a.kind !== 'Service') return a.port === undefined || b.port === undefined;
  const service = services.find((candidate) => candidate.name === a.name);
  if (service === undefined) return false;
  const port = findServicePort(service, a.port);
  return port !== undefined && port.targetPort === findServicePort(service, b.port)?.targetPort;
}

/** Two ports of one workload are two ports of its pods; two of a Service may lead to one. */
function isSameWorkload(a: InterceptTarget, b: InterceptTarget): boolean {
  return a.kind === b.kind && a.name === b.name && a.kind !== 'Service';
}

/** Told from the selectors of two Services: no pod has two values of one label. */
function maySharePods(a: InterceptTarget, b: InterceptTarget, services: readonly ServiceView[]): boolean {
  if (a.kind !== 'Service' || b.kind !== 'Service') return true;
  const selectorOf = (target: InterceptTarget) => services.find(({ name }) => name === target.name)?.selector ?? {};
  const labels = selectorOf(b);
  return Object.entries(selectorOf(a)).every(([name, value]) => !Object.hasOwn(labels, name) || labels[name] === value);
}

/** Told from the pods. Different workloads have no pod in common, so one of the two targets is a Service. */
async function findSharing(
  target: InterceptTarget,
  rivals: readonly Intercept[],
  { services, listPods }: Surroundings,
): Promise<Intercept | undefined> {
  const others = rivals
    .map(({ spec }) => spec.target)
    .filter((other) => !isSameWorkload(target, other) && maySharePods(target, other, services));
  if (others.length === 0) return undefined;
  const leading = target.kind === 'Service' ? [target] : others.filter(({ kind }) => kind === 'Service');
  const names = new Set(leading.map(({ name }) => name));
  for (const { name, selector } of services) {
    if (!names.has(name) || selector === undefined) continue;
    const pods = await listPods(selector);
    const rival = rivals.find(({ spec }) => pods.some((pod) => sharePort(pod, [target, spec.target], services)));
    if (rival !== undefined) return rival;
  }
  return undefined;
}
