// Looks after the webhook's certificate while this replica leads: at once, when somebody changes what it wrote, and when
// it is to be renewed.

import { MUTATING_WEBHOOKS, type Resource, SECRETS, WEBHOOK_CONFIGURATION, WEBHOOK_SECRET } from '../api/index.ts';
import { isConflict, type KubernetesClient } from '../kubernetes/index.ts';
import { createWakeUp } from '../wake-up.ts';
import type { Authority } from './authority.ts';
import { ensureWebhookCertificate } from './webhook-certificate.ts';

/** After a failure, and after a conflict with somebody who wrote at the same time. */
const RETRY_MS = 2000;

export type WebhookCertificateKeeper = {
  /** Tells that this replica leads now, or no longer. */
  ring(): void;
  run(signal: AbortSignal): Promise<void>;
};

export type WebhookCertificateKeeperOptions = {
  readonly client: KubernetesClient;
  readonly authority: Authority;
  readonly namespace: string;
  readonly isLeader: () => boolean;
  readonly now: () => number;
  readonly onTrouble: (error: unknown) => void;
};

export function createWebhookCertificateKeeper(options: WebhookCertificateKeeperOptions): WebhookCertificateKeeper {
  const { client, authority, namespace, isLeader, now, onTrouble } = options;
  const wakeUp = createWakeUp(now);

  async function ensure(signal: AbortSignal): Promise<number> {
    if (!isLeader()) return Number.POSITIVE_INFINITY;
    try {
      return await ensureWebhookCertificate({ client, authority, namespace, nowMs: now(), signal });
    } catch (error) {
      if (!isConflict(error) && !signal.aborted) onTrouble(error);
      return now() + RETRY_MS;
    }
  }

  async function ringOnChange(resource: Resource, name: string, signal: AbortSignal): Promise<void> {
    const selection = { fieldSelector: `metadata.name=${name}`, ...(resource.namespaced ? { namespace } : {}) };
    for await (const _ of client.watch(resource, { ...selection, signal, onTrouble })) wakeUp.ring();
  }

  async function keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await wakeUp.wait(await ensure(signal), signal);
  }

  return {
    ring: wakeUp.ring,
    async run(signal) {
      await Promise.all([
        keep(signal),
        ringOnChange(SECRETS, WEBHOOK_SECRET, signal),
        ringOnChange(MUTATING_WEBHOOKS, WEBHOOK_CONFIGURATION, signal),
      ]);
    },
  };
}
