// By which agents may connections of this session leave? By those that have opened their gates for an exit of it, also
// while the control plane process that served them has just ended. Pure.

import type { KeyObject } from 'node:crypto';
import type { Intercept } from '../api/index.ts';
import { compareText } from '../match/index.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { findGatePort } from '../translator/exit-target.ts';
import { buildGateSecret } from '../translator/gate-secret.ts';
import { buildHoldKey } from '../translator/grace.ts';
import type { TranslationMemory } from '../translator/translation.ts';
import type { ExitAnswer, ExitQuestion } from './question.ts';

/** More than a relay tries. */
const MAX_AGENTS = 64;

type State = Pick<ClusterState, 'intercepts' | 'pods' | 'sessions'>;
type Known = Pick<TranslationMemory, 'heldUntilMs'> & { readonly gateKey: KeyObject };

/** Its owner had the right to create the Intercept, which the API server has checked. */
export function findAgents(
  state: State,
  { heldUntilMs, gateKey }: Known,
  { session, namespace, name }: ExitQuestion,
): ExitAnswer {
  const intercept = state.intercepts.get(`${namespace}/${name}`);
  if (intercept === undefined || !isExitOf(state, intercept, session)) return { found: false };
  const pods = [...state.pods.values()].filter(
    (pod) =>
      pod.namespace === namespace && heldUntilMs.has(buildHoldKey(intercept, pod)) && pod.ready && !pod.terminating,
  );
  const agents = pods
    .toSorted((a, b) => compareText(a.name, b.name))
    .flatMap((pod) => (pod.ip === undefined ? [] : [{ pod, address: pod.ip }]))
    .slice(0, MAX_AGENTS)
    .map(({ pod, address }) => ({
      pod: pod.name,
      address,
      port: findGatePort(pod),
      secret: buildGateSecret(gateKey, { pod, exit: intercept }),
    }));
  return { found: true, agents };
}

function isExitOf({ sessions }: State, { metadata, spec }: Intercept, session: string): boolean {
  const owner = sessions.get(session)?.spec.owner;
  const isOwn = spec.session === session && owner !== undefined && spec.owner === owner;
  return isOwn && spec.action === 'Exit' && metadata.deletionTimestamp === undefined;
}
