// The webhook's certificate, made and renewed by the control plane in a Secret, and the authority that goes with it.

import { createSecureContext } from 'node:tls';
import { SECRETS, WEBHOOK_SECRET } from '@kubectl-tp/control-plane/api';
import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { WebhookError } from '../errors.ts';

export type WebhookCertificate = { readonly key: string; readonly cert: string; readonly authority: string };

const Secret = Type.Object({
  data: Type.Object({ 'tls.key': Type.String(), 'tls.crt': Type.String(), 'ca.crt': Type.String() }),
});

/** Each certificate there is, from the first on; ends by the signal. A damaged Secret goes to `onTrouble`. */
export async function* watchCertificate(
  client: KubernetesClient,
  options: { namespace: string; signal: AbortSignal; onTrouble: (error: Error) => void },
): AsyncGenerator<WebhookCertificate, void> {
  const { namespace, signal, onTrouble } = options;
  const fieldSelector = `metadata.name=${WEBHOOK_SECRET}`;
  for await (const event of client.watch(SECRETS, { namespace, fieldSelector, signal, onTrouble })) {
    const secrets = event.type === 'listed' ? event.objects : event.type === 'changed' ? [event.object] : [];
    for (const secret of secrets) {
      try {
        yield parseCertificate(secret);
      } catch (error) {
        onTrouble(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}

/** Throws CERTIFICATE_INVALID. */
export function parseCertificate(secret: unknown): WebhookCertificate {
  if (!Value.Check(Secret, secret)) throw buildInvalid('lacks tls.crt, tls.key or ca.crt');
  const decode = (text: string) => Buffer.from(text, 'base64').toString('utf8');
  const { data } = secret;
  const [key, cert] = [decode(data['tls.key']), decode(data['tls.crt'])];
  try {
    // What a server makes of them. Found wrong there, they would end the process.
    createSecureContext({ key, cert });
  } catch (cause) {
    throw buildInvalid('holds no certificate with its key', cause);
  }
  return { key, cert, authority: decode(data['ca.crt']) };
}

function buildInvalid(problem: string, cause?: unknown): WebhookError {
  return new WebhookError('CERTIFICATE_INVALID', `Secret ${WEBHOOK_SECRET} ${problem}.`, {
    hint: `Delete it; the control plane makes a new one: kubectl -n NAMESPACE delete secret ${WEBHOOK_SECRET}`,
    cause,
  });
}
