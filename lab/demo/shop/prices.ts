// `prices` of the demo shop: answers gRPC calls with a price.

import { hostname } from 'node:os';
import * as grpc from '@grpc/grpc-js';
import { endPolitely } from './end-politely.ts';
import { type PriceReply, type PriceRequest, priceService } from './price-service.ts';

const PORT = 50051;
const CENTS_A_LETTER = 125;

const server = new grpc.Server();
server.addService(priceService, {
  getPrice(call: grpc.ServerUnaryCall<PriceRequest, PriceReply>, reply: grpc.sendUnaryData<PriceReply>) {
    reply(null, { cents: call.request.item.length * CENTS_A_LETTER, servedBy: `pod ${hostname()}` });
  },
});
server.bindAsync(`0.0.0.0:${PORT}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
endPolitely((done) => server.tryShutdown(done));
