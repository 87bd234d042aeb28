// An agent's side of a delta ADS stream without Envoy: sends what it is told to, keeps what it gets. Over real TLS.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '../../xds/src/proto/generated/envoy/service/discovery/v3/discovery_pb.ts';
import { type ResourceType, TYPE_URLS } from '../../xds/src/resource-set.ts';

const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

export type DeltaAgentOptions = {
  port: number;
  /** `localhost` unless said otherwise; an IPv6 address in brackets. */
  host?: string;
  /** PEM of the server's authority. */
  authority: string;
  /** DNS name that the server's certificate must have; `localhost` unless said otherwise. */
  serverName?: string;
  /** None or empty: no authorization header. */
  token?: string;
  node?: string;
};

export type RequestFields = {
  node?: { id: string };
  resourceNamesSubscribe?: string[];
  resourceNamesUnsubscribe?: string[];
  initialResourceVersions?: Record<string, string>;
  responseNonce?: string;
  errorDetail?: { code: number; message: string };
};

export type DeltaAgent = {
  /** The first one carries the node. */
  send(type: ResourceType, fields?: RequestFields): void;
  sendBytes(bytes: Uint8Array): void;
  /** Resolves with the next response, or rejects with the status the stream ended with. */
  next(): Promise<DeltaDiscoveryResponse>;
  /** Called with each response instead of `next`. */
  onResponse(listener: (response: DeltaDiscoveryResponse) => void): void;
  /** Resolves when the stream has ended, however it did. */
  readonly ended: Promise<grpc.StatusObject>;
  /** Stops and starts to read from the stream. */
  pause(): void;
  resume(): void;
  close(): void;
};

export function connectDeltaAgent(options: DeltaAgentOptions): DeltaAgent {
  const { port, host = 'localhost', authority, token, node = '', serverName } = options;
  const client = new grpc.Client(`${host}:${port}`, grpc.credentials.createSsl(Buffer.from(authority)), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
    ...(serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName }),
  });
  const metadata = new grpc.Metadata();
  if (token) metadata.set('authorization', `Bearer ${token}`);
  const call = client.makeBidiStreamRequest<Uint8Array, DeltaDiscoveryResponse>(
    PATH,
    (bytes) => Buffer.from(bytes),
    (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    metadata,
  );
  const received: DeltaDiscoveryResponse[] = [];
  let wake = (): void => undefined;
  let status: grpc.StatusObject | undefined;
  let listener = (response: DeltaDiscoveryResponse): void => {
    received.push(response);
    wake();
  };
  call.on('data', (response: DeltaDiscoveryResponse) => listener(response));
  // The status says the same; without a listener the error would be thrown.
  call.on('error', () => undefined);
  const ended = new Promise<grpc.StatusObject>((resolve) => {
    call.on('status', (given) => {
      status = given;
      wake();
      resolve(given);
    });
  });

  let isFirst = true;
  function send(type: ResourceType, fields: RequestFields = {}): void {
    const message = create(DeltaDiscoveryRequestSchema, {
      typeUrl: TYPE_URLS[type],
      ...(isFirst ? { node: { id: node } } : {}),
      ...fields,
    });
    isFirst = false;
    call.write(toBinary(DeltaDiscoveryRequestSchema, message));
  }

  async function next(): Promise<DeltaDiscoveryResponse> {
    for (;;) {
      const response = received.shift();
      if (response !== undefined) return response;
      if (status !== undefined) throw Object.assign(new Error(`the stream ended: ${status.details}`), status);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    send,
    sendBytes: (bytes) => void call.write(bytes),
    next,
    onResponse: (given) => {
      listener = given;
    },
    ended,
    pause: () => void call.pause(),
    resume: () => void call.resume(),
    close: () => {
      call.cancel();
      client.close();
    },
  };
}
