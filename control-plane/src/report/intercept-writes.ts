// The writes that bring Intercepts to what a translation says of them: statuses, and the end of those whose time is over.

import { API_VERSION, INTERCEPTS, type Intercept, SESSIONS } from '../api/index.ts';
import { isNotFound } from '../kubernetes/errors.ts';
import { createEvent, type EventSubject, type EventText } from '../kubernetes/events.ts';
import type { Write } from '../kubernetes/write-queue.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { type DesiredCondition, ENDING_REASONS, type Ending, type Translation } from '../translator/index.ts';
import { findTransitions } from './conditions.ts';
import { buildStatusPatch } from './intercept-status.ts';
import type { Reporting } from './reporting.ts';

export function buildInterceptWrites(state: ClusterState, translation: Translation, reporting: Reporting): Write[] {
  const statuses = [...state.intercepts].flatMap(([key, intercept]) => {
    const write = buildStatusWrite(key, intercept, { state, translation, reporting });
    return write === undefined ? [] : [write];
  });
  return reporting.isLeader ? [...statuses, ...buildEndings(state, translation.endings, reporting)] : statuses;
}

type Round = { readonly state: ClusterState; readonly translation: Translation; readonly reporting: Reporting };

function buildStatusWrite(key: string, intercept: Intercept, round: Round): Write | undefined {
  const { translation, reporting, state } = round;
  const { client, replica, isLeader, now } = reporting;
  const desired = isLeader ? translation.statuses.get(key) : undefined;
  const report = translation.acknowledged.get(key);
  const wish = { replica, report, desired, replicas: state.replicas };
  const patch = buildStatusPatch(intercept, { ...wish, now: new Date(now()).toISOString() });
  if (patch === undefined) return undefined;
  const { namespace, name, uid, resourceVersion } = intercept.metadata;
  const news = findTransitions(desired?.conditions ?? [], intercept.status?.conditions ?? []);
  return {
    key: `status of intercept ${key}`,
    // With the version that the patch starts from, as it says only what differs there; without the time, which differs
    // each round.
    fingerprint: JSON.stringify([uid, resourceVersion, desired, report, [...state.replicas]]),
    async send(signal) {
      // With the uid the API server refuses to write to another object of the same name.
      const ref = { namespace, name };
      await client.patch(INTERCEPTS, ref, { metadata: { uid }, status: patch }, { signal, subresource: 'status' });
      const text = textOf(news);
      if (text !== undefined) await tell(reporting, subjectOf(intercept), text, signal);
    },
  };
}

function buildEndings(state: ClusterState, endings: readonly Ending[], reporting: Reporting): Write[] {
  return endings.flatMap(({ intercept: key, uid, reason }) => {
    const intercept = state.intercepts.get(key);
    if (intercept === undefined) return [];
    const { namespace, name } = intercept.metadata;
    const text: EventText = { type: 'Normal', reason, message: `The intercept ends: ${ENDING_REASONS[reason]}` };
    return {
      key: `end of intercept ${key}`,
      fingerprint: String(uid),
      async send(signal) {
        if (reason === 'SessionGone' && (await isSessionThere(intercept, reporting, signal))) return;
        await reporting.client.delete(INTERCEPTS, { namespace, name }, { signal, ...(uid ? { uid } : {}) });
        await tell(reporting, subjectOf(intercept), text, signal);
      },
    };
  });
}

/** Asked live: what is missing in a watch that lags behind is no reason to delete anything. */
async function isSessionThere({ spec }: Intercept, reporting: Reporting, signal: AbortSignal): Promise<boolean> {
  const { client, installNamespace } = reporting;
  try {
    await client.get(SESSIONS, { namespace: installNamespace, name: spec.session }, { signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** One event for a round's news: the most advanced condition that holds, or the first that fails. */
function textOf(news: readonly DesiredCondition[]): EventText | undefined {
  const failed = news.find(({ status }) => status === 'False');
  const told = failed ?? news.at(-1);
  if (told === undefined) return undefined;
  // Waiting is no warning: only what a person must act on is.
  const isWarning = told.type === 'Accepted' && told.status === 'False';
  return { type: isWarning ? 'Warning' : 'Normal', reason: told.reason, message: told.message };
}

function subjectOf({ metadata }: Intercept): EventSubject {
  const { namespace, name, uid } = metadata;
  return { apiVersion: API_VERSION, kind: 'Intercept', namespace, name, uid };
}

async function tell(
  { client, replica, now, onTrouble }: Reporting,
  subject: EventSubject,
  text: EventText,
  signal: AbortSignal,
): Promise<void> {
  // An event is for people: without it the write is done all the same.
  await createEvent(client, { subject, text, reporter: replica, nowMs: now() }, { signal }).catch((error) =>
    onTrouble(`event of ${subject.name}`, error),
  );
}
