// Health and metrics of the relay.

import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';

/** Not listening yet. Ready = new tunnels and connections are welcome. */
export function createAdminServer({ registry, isReady }: { registry: Registry; isReady: () => boolean }): Server {
  return createServer(async (request, response) => {
    if (request.url === '/healthz') return void response.end('ok\n');
    if (request.url === '/readyz')
      return void response.writeHead(isReady() ? 200 : 503).end(isReady() ? 'ok\n' : 'not ready\n');
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    response.setHeader('content-type', registry.contentType);
    response.end(await registry.metrics());
  });
}
