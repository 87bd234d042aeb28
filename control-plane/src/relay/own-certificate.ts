// The certificate by which laptops know this relay when they come without the API server: asked of the control plane when
// a laptop first needs it, and anew in time. The key stays in this process.

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateAnswer, CertificateQuestion } from '../reach/question.ts';
import { RelayError } from './errors.ts';

/** Anybody may knock; the control plane hears of it once in so long as long as it has no certificate for us. */
const RETRY_MS = 1000;

export type OwnCertificateOptions = {
  /** PEM: whom laptops trust; undefined as long as there is no laptop. */
  readonly authority: () => string | undefined;
  readonly ask: (authority: string, question: CertificateQuestion) => Promise<CertificateAnswer>;
  readonly now: () => number;
  readonly onTrouble: (error: unknown) => void;
};

type Issued = {
  readonly authority: string;
  readonly context: SecureContext;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
};

/** Rejects while there is no certificate. */
export function createOwnCertificate({
  authority: currentAuthority,
  ask,
  now,
  onTrouble,
}: OwnCertificateOptions): () => Promise<SecureContext> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const question = { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  let issued: Issued | undefined;
  let issuing: Promise<void> | undefined;
  let pausedUntilMs = 0;

  async function issue(authority: string): Promise<void> {
    try {
      const { certificate, renewAtMs } = await ask(authority, question);
      const context = createSecureContext({ key, cert: certificate, minVersion: 'TLSv1.3' });
      issued = { authority, context, renewAtMs, expiresAtMs: new X509Certificate(certificate).validToDate.getTime() };
    } catch (error) {
      pausedUntilMs = now() + RETRY_MS;
      onTrouble(error);
    } finally {
      issuing = undefined;
    }
  }

  /** One that is due for renewal counts until it ends. */
  function usable(authority: string | undefined): SecureContext | undefined {
    return issued !== undefined && issued.authority === authority && now() < issued.expiresAtMs
      ? issued.context
      : undefined;
  }

  return async () => {
    const authority = currentAuthority();
    const isDue = usable(authority) === undefined || now() >= (issued?.renewAtMs ?? 0);
    if (isDue && authority !== undefined && now() >= pausedUntilMs) issuing ??= issue(authority);
    if (usable(authority) === undefined) await issuing;
    const context = usable(authority);
    if (context === undefined) throw new RelayError('RELAY_UNAVAILABLE', 'The relay has no certificate yet.');
    return context;
  };
}
