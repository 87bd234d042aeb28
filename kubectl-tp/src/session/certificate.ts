// The session's certificate, as the newest state of its Session object has it. The control plane renews it there.

import { SESSION_READY_REASONS, SESSIONS, type Session } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient, WatchEvent } from '@kubectl-tp/control-plane/kubernetes';
import { TpError } from '../errors.ts';
import { seePods } from '../kubernetes/see-pods.ts';
import type { Log } from '../log.ts';
import type { TunnelCertificate } from '../tunnel/tls-identity.ts';
import type { Bell } from '../waiting/bell.ts';
import type { Identity } from './identity.ts';

/** Issuing takes milliseconds; a control plane that is starting needs a few seconds. */
const ISSUE_TIMEOUT_MS = 20_000;

export type SessionCertificate = {
  current(): TunnelCertificate;
  expiresAt(): string | undefined;
  /** Resolves when there is a certificate; throws SESSION_NOT_ISSUED. */
  issued(signal: AbortSignal): Promise<void>;
};

export type CertificateOptions = {
  readonly client: KubernetesClient;
  readonly installNamespace: string;
  readonly identity: Identity;
  readonly object: Session;
  readonly signal: AbortSignal;
  readonly bell: Bell;
  readonly log: Log;
  /** The object was deleted by somebody else. */
  readonly onGone: () => void;
};

export function followCertificate(options: CertificateOptions): SessionCertificate {
  const { installNamespace, identity, bell, log } = options;
  let session = options.object;
  const key = identity.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  async function follow(): Promise<void> {
    for await (const event of watchSession(options)) {
      const next = newest(event, session.metadata.uid);
      if (next === 'gone') return options.onGone();
      if (next !== undefined) session = next;
      bell.ring();
    }
  }
  follow().catch((error) => log('watching the session ended', { error: String(error) }));

  return {
    current: () => ({ cert: session.status?.certificate ?? '', key, authority: session.status?.authority ?? '' }),
    expiresAt: () => session.status?.certificateExpiresAt,
    async issued(signal) {
      const deadlineMs = Date.now() + ISSUE_TIMEOUT_MS;
      while (session.status?.certificate === undefined) {
        assertIssuable(session);
        const leftMs = deadlineMs - Date.now();
        if (leftMs <= 0) throw notIssued(installNamespace);
        await bell.wait(leftMs, signal);
      }
    },
  };
}

function watchSession({ client, installNamespace, identity, signal, log }: CertificateOptions) {
  const fieldSelector = `metadata.name=${identity.session}`;
  const onTrouble = (error: Error) => log('watching the session failed', { error: error.message });
  return client.watch<Session>(SESSIONS, { namespace: installNamespace, fieldSelector, signal, onTrouble });
}

/** An object of the same name but another uid is somebody else's session. */
function newest(event: WatchEvent<Session>, uid: string | undefined): Session | 'gone' | undefined {
  if (event.type === 'listed') return event.objects.find(({ metadata }) => metadata.uid === uid) ?? 'gone';
  if (event.object.metadata.uid !== uid) return undefined;
  return event.type === 'deleted' ? 'gone' : event.object;
}

function assertIssuable({ status }: Session): void {
  const refused = status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False');
  if (refused === undefined) return;
  const sentences: Readonly<Record<string, string>> = SESSION_READY_REASONS;
  const why = refused.message || sentences[refused.reason] || refused.reason;
  throw new TpError('SESSION_NOT_ISSUED', `The control plane issues no certificate for this session: ${why}`, {
    hint: 'Start over with a new identity: kubectl tp quit',
  });
}

function notIssued(installNamespace: string): TpError {
  return new TpError('SESSION_NOT_ISSUED', 'The control plane has not issued a certificate for this session.', {
    hint: seePods(installNamespace, 'control-plane'),
  });
}
