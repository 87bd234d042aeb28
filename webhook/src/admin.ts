// Health and metrics, on a port of their own: plain HTTP for the kubelet and Prometheus.

import Fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

export function buildAdminApp({ isReady, registry }: { isReady: () => boolean; registry: Registry }): FastifyInstance {
  const app = Fastify();
  app.get('/healthz', async () => 'ok');
  app.get('/readyz', async (_request, reply) => {
    if (isReady()) return 'ok';
    return reply.code(503).send('the watch caches are not complete yet');
  });
  app.get('/metrics', async (_request, reply) => {
    return reply.header('content-type', registry.contentType).send(await registry.metrics());
  });
  return app;
}
