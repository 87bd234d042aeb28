// The webhook's certificate: in a Secret that the webhook reads, and its authority in the webhook configuration that the
// API server reads. The leader keeps both right, whoever disturbs them.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { MUTATING_WEBHOOKS, SECRETS, WEBHOOK_CONFIGURATION, WEBHOOK_SECRET, WEBHOOK_SERVICE } from '../api/index.ts';
import { isNotFound, type KubernetesClient, type KubernetesObject } from '../kubernetes/index.ts';
import type { Authority } from './authority.ts';
import { issueKeyedCertificate, renewalTime } from './issue.ts';
import { buildSecret, buildSecretData, encode, readSecret, type SecretTexts } from './secret.ts';

/** The webhook takes a new certificate without restarting, but a broken control plane must not soon break it, too. */
const LIFETIME_MS = 90 * 24 * 3600_000;

export type WebhookCertificateOptions = {
  readonly client: KubernetesClient;
  readonly authority: Authority;
  readonly namespace: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
};

/** Puts right what is not; returns when the certificate is to be renewed. */
export async function ensureWebhookCertificate(options: WebhookCertificateOptions): Promise<number> {
  const renewAtMs = await ensureSecret(options);
  await ensureBundle(options);
  return renewAtMs;
}

async function ensureSecret(options: WebhookCertificateOptions): Promise<number> {
  const { client, authority, namespace, nowMs, signal } = options;
  const ref = { namespace, name: WEBHOOK_SECRET };
  const before = await readSecret(client, ref, signal);
  const renewAtMs = before === undefined ? 0 : renewalTimeOf(before, authority);
  if (nowMs < renewAtMs) return renewAtMs;
  const issued = await issueKeyedCertificate(authority, {
    dnsNames: [`${WEBHOOK_SERVICE}.${namespace}.svc`],
    usages: ['server'],
    nowMs,
    lifetimeMs: LIFETIME_MS,
  });
  const texts = { 'tls.crt': issued.certificate, 'tls.key': issued.privateKey, 'ca.crt': authority.bundle };
  if (before === undefined) await client.create(SECRETS, buildSecret(ref, 'kubernetes.io/tls', texts), { signal });
  else await client.patch(SECRETS, ref, { data: buildSecretData(texts) }, { signal });
  return issued.renewAtMs;
}

/** Now (0) for a certificate of another authority, one with another key, or one that cannot be read. */
function renewalTimeOf(texts: SecretTexts, { bundle }: Authority): number {
  if (texts['ca.crt'] !== bundle) return 0;
  try {
    const certificate = new X509Certificate(texts['tls.crt'] ?? '');
    // The first of a bundle is the one that signs.
    if (!certificate.verify(new X509Certificate(bundle).publicKey)) return 0;
    if (!certificate.checkPrivateKey(createPrivateKey(texts['tls.key'] ?? ''))) return 0;
    return renewalTime(certificate.validFromDate.getTime(), certificate.validToDate.getTime());
  } catch {
    return 0; // damaged: it is replaced
  }
}

type WebhookConfiguration = KubernetesObject & { webhooks?: { clientConfig?: { caBundle?: string } }[] };

/** Without the chart's webhook configuration there is nothing to do: an install in progress, or one that goes. */
async function ensureBundle({ client, authority, signal }: WebhookCertificateOptions): Promise<void> {
  const ref = { name: WEBHOOK_CONFIGURATION };
  try {
    const configuration = await client.get<WebhookConfiguration>(MUTATING_WEBHOOKS, ref, { signal });
    const patch = buildBundlePatch(configuration, encode(authority.bundle));
    if (patch.length > 0) await client.patch(MUTATING_WEBHOOKS, ref, patch, { type: 'json', signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** A JSON patch; its first step makes sure that the list is still the one that was read. */
function buildBundlePatch({ metadata, webhooks = [] }: WebhookConfiguration, caBundle: string): object[] {
  const stale = [...webhooks.keys()].filter((index) => webhooks[index]?.clientConfig?.caBundle !== caBundle);
  if (stale.length === 0) return [];
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    ...stale.map((index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle })),
  ];
}
