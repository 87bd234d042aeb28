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
import { type Resource, type ResourceType, resourceTypeOf, TYPE_URLS } from '../resource-set.ts';
import type { StreamRequest, StreamResponse } from './delta-stream.ts';

/** `node` is empty in all but a stream's first request; `request` undefined for a type that we never serve. */
export type AgentMessage = { readonly node: string; readonly request: StreamRequest | undefined };

/** Throws protobuf's error on bytes that are no DeltaDiscoveryRequest; grpc-js then ends the stream with INTERNAL. */
export function parseAgentMessage(bytes: Uint8Array): AgentMessage {
  const message = fromBinary(DeltaDiscoveryRequestSchema, bytes);
  return { node: message.node?.id ?? '', request: toStreamRequest(message) };
}

/**
 * Protobuf reads messages written one after the other as one message with the lists joined, so a response is a header
 * and, per resource, a response with that alone: encoded once for all agents that get it.
 */
export function encodeResponse({ type, nonce, resources, removed }: StreamResponse): Buffer {
  const header = create(DeltaDiscoveryResponseSchema, {
    typeUrl: TYPE_URLS[type],
    nonce,
    removedResources: [...removed],
  });
  const bytes = toBinary(DeltaDiscoveryResponseSchema, header);
  return Buffer.concat([bytes, ...resources.map((resource) => encodeResource(type, resource))]);
}

/** Goes with its resource, when no snapshot has it any more. */
const encoded = new WeakMap<Resource, Uint8Array>();

function encodeResource(type: ResourceType, resource: Resource): Uint8Array {
  const known = encoded.get(resource);
  if (known !== undefined) return known;
  const { name, version, value } = resource;
  const any = create(AnySchema, { typeUrl: TYPE_URLS[type], value });
  const resources = [create(ResourceSchema, { name, version, resource: any })];
  const bytes = toBinary(DeltaDiscoveryResponseSchema, create(DeltaDiscoveryResponseSchema, { resources }));
  encoded.set(resource, bytes);
  return bytes;
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
