// `web` of the demo shop: what the shoppers call. Asks `orders` over HTTP/1.1 on a new connection each time, so that
// the orders pods take turns.

import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { endPolitely } from './end-politely.ts';
import { passOn } from './pass-on.ts';

const PORT = 8080;
const ORDERS = process.env.ORDERS ?? 'http://orders/';

function askOrders(request: IncomingMessage): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(ORDERS, { headers: passOn(request.headers), agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 502, body }), reject);
    });
    outgoing.on('error', reject).end();
  });
}

const server = createServer(async (request, response) => {
  try {
    const order = await askOrders(request);
    response.writeHead(order.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ web: `pod ${hostname()}`, order: JSON.parse(order.body) }));
  } catch (error) {
    response.writeHead(502).end(JSON.stringify({ error: String(error) }));
  }
});
server.listen(PORT);
endPolitely((done) => server.close(done));
