// `orders` of the demo shop: asks `prices` over gRPC and answers with the order.

import { createServer, type IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import * as grpc from '@grpc/grpc-js';
import { endPolitely } from './end-politely.ts';
import { passOn } from './pass-on.ts';
import { type PriceReply, priceService } from './price-service.ts';

const PORT = 8080;
const ITEM = 'teapot';
/** Round robin over all pods of `prices`: a Service's address alone would keep one gRPC connection to one pod. */
const CHANNEL_OPTIONS = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };

const Prices = grpc.makeGenericClientConstructor(priceService, 'Prices');
const prices = new Prices(
  process.env.PRICES ?? 'dns:///prices:50051',
  grpc.credentials.createInsecure(),
  CHANNEL_OPTIONS,
);

function askPrice(request: IncomingMessage): Promise<PriceReply> {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(passOn(request.headers))) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    const getPrice = prices.getPrice;
    if (!getPrice) throw new Error('the price service has no method getPrice');
    getPrice.call(prices, { item: ITEM }, metadata, (error: grpc.ServiceError | null, reply: PriceReply) =>
      error ? reject(error) : resolve(reply),
    );
  });
}

const server = createServer(async (request, response) => {
  try {
    const price = await askPrice(request);
    response.end(JSON.stringify({ item: ITEM, servedBy: `pod ${hostname()}`, price }));
  } catch (error) {
    response.writeHead(502).end(JSON.stringify({ error: String(error) }));
  }
});
server.listen(PORT);
endPolitely((done) => server.close(done));
