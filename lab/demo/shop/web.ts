// `web` of the demo shop: what the shoppers call. Asks `orders` over HTTP/1.1 on a new connection each time, so that
// the orders pods take turns.

import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { endPolitely } from './end-politely.ts';
import { passOn } from './pass-on.ts';

const PORT = Number(process.env.PORT ?? 8080);
const SHOWN_CHARACTERS = 200;
const ORDERS = process.env.ORDERS ?? 'http://orders/';

function askOrders(request: IncomingMessage): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(ORDERS, { headers: passOn(request.headers), agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 502, body }), reject);
    });
    outgoing.on('error', reject).end();
  });
}

/** Whatever `orders` answers, also a developer's half-finished one: everybody's `web` lives on. */
async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
  try {
    const { status, body } = await askOrders(request);
    return { status, body: { web: `pod ${hostname()}`, order: parseOrder(status, body) } };
  } catch (error) {
    return { status: 502, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

function parseOrder(status: number, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new Error(`orders answered ${status} and no JSON: ${body.slice(0, SHOWN_CHARACTERS)}`, { cause });
  }
}

const server = createServer(async (request, response) => {
  const { status, body } = await answer(request);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(PORT, () => {
  const address = server.address();
  process.stdout.write(`web listens on ${typeof address === 'object' ? address?.port : address}\n`);
});
endPolitely((done) => server.close(done));
