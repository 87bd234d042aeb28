// The border between Envoy's discovery messages and ours: requests are parsed, responses are encoded. Resources pass
// as the bytes they are.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../proto/generated/envoy/service/discovery/v3/discovery_pb.ts';
import { resourceTypeOf, TYPE_URLS } from '../resource-set.ts';
import type { StreamRequest, StreamResponse } from './delta-stream.ts';

/** `node` is empty in all but a stream's first request; `request` undefined for a type that we never serve. */
export type AgentMessage = { readonly node: string; readonly request: StreamRequest | undefined };

/** Throws protobuf's error on bytes that are no DeltaDiscoveryRequest; grpc-js then ends the stream with INTERNAL. */
export function parseAgentMessage(bytes: Uint8Array): AgentMessage {
  const message = fromBinary(DeltaDiscoveryRequestSchema, bytes);
  return { node: message.node?.id ?? '', request: toStreamRequest(message) };
}

export function encodeResponse({ type, nonce, resources, removed }: StreamResponse): Buffer {
  const typeUrl = TYPE_URLS[type];
  const message = create(DeltaDiscoveryResponseSchema, {
    typeUrl,
    nonce,
    removedResources: [...removed],
    resources: resources.map(({ name, version, value }) =>
      create(ResourceSchema, { name, version, resource: create(AnySchema, { typeUrl, value }) }),
    ),
  });
  const bytes = toBinary(DeltaDiscoveryResponseSchema, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function toStreamRequest(message: DeltaDiscoveryRequest): StreamRequest | undefined {
  const type = resourceTypeOf(message.typeUrl);
  if (type === undefined) return undefined;
  return {
    type,
    subscribe: message.resourceNamesSubscribe,
    unsubscribe: message.resourceNamesUnsubscribe,
    initialVersions: message.initialResourceVersions,
    nonce: message.responseNonce,
    refusal: message.errorDetail && (message.errorDetail.message || 'the agent gave no reason'),
  };
}
