// Health, metrics and a look inside, for kubelet, Prometheus and operators.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Registry } from 'prom-client';

export type AdminServerOptions = {
  readonly registry: Registry;
  /** Ready = what this process is for would work now. */
  readonly isReady: () => boolean;
  /** What `/config` shows: free of secrets and names, as all pods of the cluster can ask. */
  readonly dump?: () => unknown;
  /** A question that could not be answered; whoever asked gets 500. */
  readonly onTrouble: (error: unknown) => void;
};

type Answer = { readonly status?: number; readonly type?: string; readonly body: string };

const NOT_FOUND: Answer = { status: 404, body: 'not found\n' };

/** Not listening yet. */
export function createAdminServer(options: AdminServerOptions): Server {
  return createServer(async (request, response) => {
    const { status = 200, type = 'text/plain', body } = await answerSafely(request, options);
    response.writeHead(status, { 'content-type': type }).end(body);
  });
}

async function answerSafely(request: IncomingMessage, options: AdminServerOptions): Promise<Answer> {
  try {
    return await answer(request, options);
  } catch (error) {
    options.onTrouble(error);
    return { status: 500, body: 'no answer; the log says why\n' };
  }
}

async function answer(request: IncomingMessage, { registry, isReady, dump }: AdminServerOptions): Promise<Answer> {
  switch (request.url) {
    case '/healthz':
      return { body: 'ok\n' };
    case '/readyz':
      return isReady() ? { body: 'ok\n' } : { status: 503, body: 'not ready\n' };
    case '/metrics':
      return { type: registry.contentType, body: await registry.metrics() };
    case '/config':
      return dump ? { type: 'application/json', body: `${JSON.stringify(dump(), undefined, 2)}\n` } : NOT_FOUND;
    default:
      return NOT_FOUND;
  }
}
