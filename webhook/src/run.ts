// Starts the parts of the webhook in order and ends them in reverse.

import { once } from 'node:events';
import { createKubernetesClient, loadKubeConfig } from '@kubectl-tp/control-plane/kubernetes';
import { createAdminServer } from '@kubectl-tp/control-plane/process';
import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import type { App } from './app-tools.ts';
import { watchCertificate } from './cluster/certificate.ts';
import { createClusterReader } from './cluster/cluster-reader.ts';
import type { Config } from './config.ts';
import { listen } from './listen.ts';
import { createMetrics } from './metrics.ts';

type RunOptions = { readonly logger: Logger; readonly signal: AbortSignal };

/** Resolves when `signal` has ended it; rejects when it cannot go on, and then nothing of it is left, either. */
export async function run(config: Config, { logger, signal: stop }: RunOptions): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([stop, failed.signal]);
  const onTrouble = (error: Error) => logger.warn({ err: error }, 'watching the cluster is interrupted');
  const client = createKubernetesClient(await loadKubeConfig());
  const { installNamespace } = config;

  // The watch caches: what pods are admitted from.
  const reader = createClusterReader(client, { installNamespace, onTrouble });
  const watching = reader.run(signal);

  const metrics = createMetrics();
  let app: App | undefined;
  const admin = createAdminServer({
    registry: metrics.registry,
    isReady: () => app !== undefined && reader.isSynced() && !signal.aborted,
    onTrouble: (error) => logger.error({ err: error }, 'a question to the admin port failed'),
  });
  let authority = '';
  const settings = () => ({ ...config.inject, authority });

  try {
    // Health and metrics, from the first moment on.
    await once(admin.listen(config.adminPort), 'listening');

    // The webhook itself, as soon as the control plane has made its certificate; later ones replace it in place.
    const certificates = watchCertificate(client, {
      namespace: installNamespace,
      signal,
      onTrouble: (error) => logger.warn({ err: error }, 'no certificate can be taken now'),
    });
    for await (const certificate of certificates) {
      authority = certificate.authority;
      if (app === undefined) {
        const { key, cert } = certificate;
        const created = buildApp({ logger, metrics, reader, settings, nowMs: Date.now }, { key, cert });
        await listen(created, config.webhookPort);
        app = created;
      } else {
        app.server.setSecureContext(certificate);
      }
      logger.info('certificate in use');
    }
  } finally {
    failed.abort();
    await app?.close();
    admin.close();
    admin.closeAllConnections();
    await watching;
  }
}
