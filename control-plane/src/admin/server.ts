// Health, metrics and a look inside, for kubelet, Prometheus and operators.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Registry } from 'prom-client';

export type AdminServerOptions = {
  readonly registry: Registry;
  /** Ready = agents that connect now get a configuration. */
  readonly isReady: () => boolean;
  /** What `/config` shows: free of secrets and names, as all pods of the cluster can ask. */
  readonly dump: () => unknown;
};

type Answer = { readonly status?: number; readonly type?: string; readonly body: string };

/** Not listening yet. */
export function createAdminServer(options: AdminServerOptions): Server {
  return createServer(async (request, response) => {
    const { status = 200, type = 'text/plain', body } = await answer(request, options);
    response.writeHead(status, { 'content-type': type }).end(body);
  });
}

async function answer(request: IncomingMessage, { registry, isReady, dump }: AdminServerOptions): Promise<Answer> {
  switch (request.url) {
    case '/healthz':
      return { body: 'ok\n' };
    case '/readyz':
      return isReady() ? { body: 'ok\n' } : { status: 503, body: 'waiting for the first view of the cluster\n' };
    case '/metrics':
      return { type: registry.contentType, body: await registry.metrics() };
    case '/config':
      return { type: 'application/json', body: `${JSON.stringify(dump(), undefined, 2)}\n` };
    default:
      return { status: 404, body: 'not found\n' };
  }
}
