// The gRPC service between `orders` and `prices`; messages are JSON, so that the shop needs no generated code.

import type { ServiceDefinition } from '@grpc/grpc-js';

export type PriceRequest = { item: string };
export type PriceReply = { cents: number; servedBy: string };

const toBytes = (message: unknown): Buffer => Buffer.from(JSON.stringify(message));
const fromBytes = <T>(bytes: Buffer): T => JSON.parse(bytes.toString()) as T;

export const priceService = {
  getPrice: {
    path: '/shop.Prices/GetPrice',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: PriceRequest) => toBytes(message),
    requestDeserialize: (bytes: Buffer) => fromBytes<PriceRequest>(bytes),
    responseSerialize: (message: PriceReply) => toBytes(message),
    responseDeserialize: (bytes: Buffer) => fromBytes<PriceReply>(bytes),
  },
} as const satisfies ServiceDefinition;
