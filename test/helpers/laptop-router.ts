// A program for tests: what a laptop's router offers. A name server and a web server of the outside, and a listener in
// the API server's place, whose connections the process that has started this one passes on.

import { createServer as createWebServer } from 'node:http';
import { createServer } from 'node:net';
import { API_NAME, OUTSIDE_NAME, ROUTER } from './laptop-namespace.ts';
import { respondFrom, startNameServer } from './name-server.ts';

const NAME_PORT = 53;
const WEB_PORT = 80;
const API_PORT = 443;

const addresses = [OUTSIDE_NAME, API_NAME].map((name) => ({ type: 'A', name, ttl: 5, data: ROUTER }) as const);
await startNameServer(
  { teardown: () => undefined },
  { respond: respondFrom(addresses), host: ROUTER, port: NAME_PORT },
);
createWebServer((_, response) => response.end('hello from outside')).listen(WEB_PORT, ROUTER);
const server = createServer();
server.listen(API_PORT, ROUTER, () =>
  // As long as it were open here, too, some connections would come here.
  process.send?.('listening', server, () => server.close()),
);
process.on('disconnect', () => process.exit());
