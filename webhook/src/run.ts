// Starts the parts of the webhook in order and ends them in reverse.

import { createKubernetesClient, loadKubeConfig } from '@kubectl-tp/control-plane/kubernetes';
import type { Logger } from 'pino';
import { buildAdminApp } from './admin.ts';
import { buildApp } from './app.ts';
import type { App } from './app-tools.ts';
import { watchCertificate } from './cluster/certificate.ts';
import { createClusterReader } from './cluster/cluster-reader.ts';
import type { Config } from './config.ts';
import { createMetrics } from './metrics.ts';

/** Resolves when `signal` has ended it. */
export async function run(config: Config, { logger, signal }: { logger: Logger; signal: AbortSignal }): Promise<void> {
  const onTrouble = (error: Error) => logger.warn({ err: error }, 'watching the cluster is interrupted');
  const client = createKubernetesClient(await loadKubeConfig());
  const { installNamespace } = config;

  // The watch caches: what pods are admitted from.
  const reader = createClusterReader(client, { installNamespace, onTrouble });
  const watching = reader.run(signal);

  // Health and metrics, from the first moment on.
  const metrics = createMetrics();
  let app: App | undefined;
  const isReady = () => app !== undefined && reader.isSynced() && !signal.aborted;
  const admin = buildAdminApp({ isReady, registry: metrics.registry });
  await admin.listen({ port: config.adminPort, host: '::' });

  // The webhook itself, as soon as the control plane has made its certificate; later ones replace it in place.
  let authority = '';
  const settings = () => ({ ...config.inject, authority });
  for await (const certificate of watchCertificate(client, { namespace: installNamespace, signal, onTrouble })) {
    authority = certificate.authority;
    if (app === undefined) {
      const { key, cert } = certificate;
      const created = buildApp({ logger, metrics, reader, settings, nowMs: Date.now }, { key, cert });
      await created.listen({ port: config.webhookPort, host: '::' });
      app = created;
    } else {
      app.server.setSecureContext(certificate);
    }
    logger.info('certificate in use');
  }

  await app?.close();
  await admin.close();
  await watching;
}
