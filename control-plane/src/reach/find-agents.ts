// By which agents may connections of this session leave? By those that have opened their gates for an exit of it. Pure.

import type { Intercept } from '../api/index.ts';
import type { ClusterState, PodModel } from '../state/cluster-state.ts';
import { findGatePort } from '../translator/exit-target.ts';
import type { ExitAnswer, ExitQuestion } from './question.ts';

/** More than a relay tries. */
const MAX_AGENTS = 64;

type State = Pick<ClusterState, 'intercepts' | 'pods' | 'replicas' | 'sessions'>;

/** Its owner had the right to create the Intercept, which the API server has checked. */
export function findAgents(state: State, { session, namespace, name }: ExitQuestion): ExitAnswer {
  const intercept = state.intercepts.get(`${namespace}/${name}`);
  if (intercept === undefined || !isExitOf(state, intercept, session)) return { found: false };
  const pods = listHolders(state, intercept)
    .flatMap((pod) => state.pods.get(`${namespace}/${pod}`) ?? [])
    .filter(({ ready, terminating }) => ready && !terminating);
  return { found: true, agents: pods.flatMap(toAgent).slice(0, MAX_AGENTS) };
}

function isExitOf({ sessions }: State, { metadata, spec }: Intercept, session: string): boolean {
  const owner = sessions.get(session)?.spec.owner;
  const isOwn = spec.session === session && owner !== undefined && spec.owner === owner;
  return isOwn && spec.action === 'Exit' && metadata.deletionTimestamp === undefined;
}

/** Pods whose agents some control plane process has seen take the exit over as it is now. */
function listHolders({ replicas }: State, { metadata, status }: Intercept): string[] {
  const current = Object.entries(status?.reports ?? {}).filter(
    ([replica, { generation }]) => replicas.has(replica) && generation === (metadata.generation ?? 0),
  );
  return [...new Set(current.flatMap(([, { pods }]) => pods))].toSorted();
}

function toAgent(pod: PodModel): { pod: string; address: string; port: number }[] {
  return pod.ip === undefined ? [] : [{ pod: pod.name, address: pod.ip, port: findGatePort(pod) }];
}
