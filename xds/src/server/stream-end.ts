// Why the server ends a stream: a closed list, each with the gRPC status an agent gets to see. Envoy shows the text in
// its log and in /config_dump, so it says what to look at.

import { status } from '@grpc/grpc-js';

export const STREAM_ENDS = {
  no_node: [status.INVALID_ARGUMENT, 'the first request names no node'],
  no_token: [status.UNAUTHENTICATED, 'no bearer token in the authorization header'],
  not_authenticated: [status.UNAUTHENTICATED, 'the token is not that of an agent'],
  authentication_unavailable: [status.UNAVAILABLE, 'the token could not be checked; try again'],
  other_node: [status.PERMISSION_DENIED, 'a request names another node than the token proves'],
  too_many_names: [status.RESOURCE_EXHAUSTED, 'too many resource names on one stream'],
  first_request_timeout: [status.DEADLINE_EXCEEDED, 'no request came in time'],
  replaced: [status.ABORTED, 'a newer stream of the same node has taken over'],
  aged: [status.UNAVAILABLE, 'a stream lives no longer than its token; open the next one'],
  outdated: [status.UNAUTHENTICATED, 'the pod of this stream has gone'],
  closing: [status.UNAVAILABLE, 'this server is closing; connect to another replica'],
  internal: [status.INTERNAL, 'the server failed on this stream'],
} as const satisfies Record<string, readonly [status, string]>;

export type StreamEndReason = keyof typeof STREAM_ENDS;
