// What an Intercept's status should say: three conditions with their reasons, and the numbers and texts for tables.

import {
  ACCEPTED_REASONS,
  type AcceptedReason,
  formatReason,
  type InterceptAction,
  PROGRAMMED_REASONS,
  type ProgrammedReason,
  READY_REASONS,
  type ReadyReason,
} from '../api/index.ts';
import { explainSubject } from '../match/index.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { Acknowledged } from './acknowledgement.ts';
import type { Verdict } from './conflicts.ts';
import { type Finding, judgeProgrammed } from './programmed.ts';
import { formatTarget, type Target } from './target.ts';
import type { DesiredCondition, DesiredStatus } from './translation.ts';
import { isLaptopConnected } from './tunnel.ts';

export function buildStatus(state: ClusterState, verdict: Verdict, acknowledged: Acknowledged): DesiredStatus {
  const { object } = verdict.intercept;
  const { target } = verdict;
  const agents = countAgents(target, acknowledged.pods);
  const programmed: Finding<ProgrammedReason> =
    verdict.kind === 'accepted' ? judgeProgrammed(state, verdict, acknowledged) : { reason: 'NotAccepted' };
  const generation = object.metadata.generation ?? 0;
  const capture = target === undefined ? undefined : findCapture(target);
  return {
    observedGeneration: generation,
    conditions: [
      buildCondition('Accepted', ACCEPTED_REASONS, judgeAccepted(verdict)),
      buildCondition('Programmed', PROGRAMMED_REASONS, programmed),
      buildCondition('Ready', READY_REASONS, judgeReady(state, verdict, programmed)),
    ].map((condition) => ({ ...condition, observedGeneration: generation })),
    agents,
    ...(capture === undefined ? {} : { capture }),
    ...(target?.appPort === undefined ? {} : { appPort: target.appPort }),
    summary: {
      target: target?.text ?? formatTarget(object.spec.target),
      match: explainSubject(object.spec),
      agents: `${agents.ready}/${agents.total}`,
    },
  };
}

function judgeAccepted(verdict: Verdict): Finding<AcceptedReason> {
  return verdict.kind === 'accepted' ? { reason: 'Accepted' } : verdict.refusal;
}

const READY_WORDS: Readonly<Record<InterceptAction, string>> = {
  Redirect: 'Matching requests go to the laptop',
  Exit: 'Connections of the laptop may leave from the pods',
};

function judgeReady(
  state: ClusterState,
  { intercept }: Verdict,
  programmed: Finding<ProgrammedReason>,
): Finding<ReadyReason> {
  const { session, fallback, action } = intercept.object.spec;
  if (programmed.reason !== 'Programmed') return { reason: 'NotProgrammed' };
  if (isLaptopConnected(state, session)) return { reason: 'Ready', detail: READY_WORDS[action] };
  if (action === 'Exit') return { reason: 'LaptopAway', detail: 'nothing leaves from the pods meanwhile' };
  const meanwhile =
    fallback === 'Fail' ? 'matching requests get an error meanwhile' : 'the pods answer matching requests meanwhile';
  return { reason: 'LaptopAway', detail: meanwhile };
}

/** The Session may just not have been seen yet; whoever waits for the intercept should go on until it ends. */
const UNDECIDED: ReadonlySet<string> = new Set<AcceptedReason>(['SessionNotFound']);

/** In each table the reason named like the condition itself is the one that makes it true. */
function buildCondition<Reason extends string>(
  type: Reason,
  sentences: Readonly<Record<Reason, string>>,
  { reason, detail }: Finding<Reason>,
): DesiredCondition {
  const status = reason === type ? 'True' : UNDECIDED.has(reason) ? 'Unknown' : 'False';
  return { type, status, reason, message: formatReason(sentences, reason, detail) };
}

function countAgents(target: Target | undefined, acknowledged: ReadonlySet<string>): { ready: number; total: number } {
  const readyPlaces = target?.places.filter(({ pod }) => pod.ready) ?? [];
  const ready = readyPlaces.filter(({ pod, captured }) => captured !== undefined && acknowledged.has(pod.name));
  return { ready: ready.length, total: readyPlaces.length };
}

/** As the agents do it, and before there are any, as they will. */
function findCapture({ places, capture }: Target): Target['capture'] {
  return places.find(({ captured }) => captured !== undefined)?.captured?.capture ?? capture;
}
