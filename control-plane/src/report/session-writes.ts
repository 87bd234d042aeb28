// The writes that serve Sessions: certificates, the relays that hold their tunnels, and the end of abandoned ones.

import { type Condition, SESSION_READY_REASONS, SESSIONS, type Session, type SessionStatus } from '../api/index.ts';
import type { Authority } from '../certificates/authority.ts';
import { issueSessionCertificate, sessionRenewalTime } from '../certificates/session-certificates.ts';
import { ControlPlaneError } from '../errors.ts';
import { buildMergePatch } from '../kubernetes/merge-patch.ts';
import type { Write } from '../kubernetes/write-queue.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { withTransitionTimes } from './conditions.ts';
import type { Reporting } from './reporting.ts';

export type SessionReporting = Reporting & { readonly authority: Authority };

/** For the leader only. */
export function buildSessionWrites(state: ClusterState, reporting: SessionReporting): Write[] {
  return [...state.sessions.values()].flatMap((session) => {
    const relays = (state.tunnels.get(session.metadata.name) ?? []).map(({ pod }) => pod);
    const write = session.metadata.deletionTimestamp ? undefined : buildStatusWrite(session, relays, reporting);
    return write === undefined ? [] : [write];
  });
}

export function buildAbandonedWrites(sessions: readonly Session[], { client }: Reporting): Write[] {
  return sessions.map(({ metadata: { namespace, name, uid } }) => ({
    key: `end of session ${name}`,
    fingerprint: String(uid),
    send: (signal) => client.delete(SESSIONS, { namespace, name }, { signal, ...(uid ? { uid } : {}) }),
  }));
}

function buildStatusWrite(session: Session, relays: string[], reporting: SessionReporting): Write | undefined {
  const { client, authority, now } = reporting;
  const { status = {}, metadata } = session;
  const { namespace, name, uid } = metadata;
  const isDue = now() >= sessionRenewalTime(session, authority);
  if (!isDue && isSameList(status.relays ?? [], relays)) return undefined;
  return {
    key: `status of session ${name}`,
    fingerprint: JSON.stringify([uid, relays, isDue && (status.certificateExpiresAt ?? 'none')]),
    async send(signal) {
      const issued = isDue ? await issue(session, reporting) : {};
      const patch = buildMergePatch(status, { ...status, ...issued, relays });
      if (patch === undefined) return;
      const options = { signal, subresource: 'status' };
      await client.patch(SESSIONS, { namespace, name }, { metadata: { uid }, status: patch }, options);
    },
  };
}

async function issue(session: Session, { authority, now }: SessionReporting): Promise<SessionStatus> {
  const nowMs = now();
  const conditionsWith = (status: 'True' | 'False', reason: keyof typeof SESSION_READY_REASONS): Condition[] => {
    const { generation } = session.metadata;
    const message = SESSION_READY_REASONS[reason];
    const observed = generation === undefined ? {} : { observedGeneration: generation };
    const condition = { type: 'Ready', status, reason, message, ...observed };
    return withTransitionTimes([condition], session.status?.conditions ?? [], new Date(nowMs).toISOString());
  };
  try {
    const certificate = await issueSessionCertificate(authority, session, nowMs);
    return { ...certificate, conditions: conditionsWith('True', 'Issued') };
  } catch (error) {
    if (!(error instanceof ControlPlaneError && error.code === 'PUBLIC_KEY_INVALID')) throw error;
    return { conditions: conditionsWith('False', 'InvalidPublicKey') };
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
