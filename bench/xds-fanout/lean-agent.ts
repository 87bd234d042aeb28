// An agent's side of a delta ADS stream at the least cost: it reads of each response what its answer needs. An Envoy
// does its work on another machine; here it must not take the server's processor.

import { connect } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { RequestFields } from '../../test/helpers/delta-agent.ts';
import { DeltaDiscoveryRequestSchema } from '../../xds/src/proto/generated/envoy/service/discovery/v3/discovery_pb.ts';
import { type ResourceType, TYPE_URLS } from '../../xds/src/resource-set.ts';

const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
/** Compressed or not (1 byte), length (4): https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const PREFIX_BYTES = 5;
/** Field numbers of DeltaDiscoveryResponse. */
const TYPE_URL = 4;
const NONCE = 5;

export type LeanAgentOptions = { port: number; authority: string; node: string };
export type LeanResponse = { readonly typeUrl: string; readonly nonce: string };
export type LeanAgent = { send(type: ResourceType, fields: RequestFields): void };

/** The token is the node's name. Its connection lasts as long as the process. */
export function connectLeanAgent(
  { port, authority, node }: LeanAgentOptions,
  onResponse: (response: LeanResponse) => void,
): LeanAgent {
  const session = connect(`https://localhost:${port}`, { ca: authority });
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${node}`,
  });
  let unread: Buffer = Buffer.alloc(0);
  let isFirst = true;
  stream.on('data', (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    for (let message = takeMessage(); message !== undefined; message = takeMessage()) onResponse(readResponse(message));
  });

  function takeMessage(): Buffer | undefined {
    if (unread.length < PREFIX_BYTES) return undefined;
    const end = PREFIX_BYTES + unread.readUInt32BE(1);
    if (unread.length < end) return undefined;
    const message = unread.subarray(PREFIX_BYTES, end);
    unread = unread.subarray(end);
    return message;
  }

  return {
    send(type, fields) {
      const request = { typeUrl: TYPE_URLS[type], ...(isFirst && { node: { id: node } }), ...fields };
      isFirst = false;
      const message = toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request));
      const prefix = Buffer.alloc(PREFIX_BYTES);
      prefix.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([prefix, message]));
    },
  };
}

function readResponse(message: Buffer): LeanResponse {
  const reader = new BinaryReader(message);
  const response = { typeUrl: '', nonce: '' };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === TYPE_URL) response.typeUrl = reader.string();
    else if (field === NONCE) response.nonce = reader.string();
    else reader.skip(wireType, field);
  }
  return response;
}
