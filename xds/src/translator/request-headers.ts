// Request headers that need help. `x-tp-*` belongs to this project, so a caller's are dropped. `x-forwarded-proto` is
// added by Envoy wherever it is absent: what the caller sent is noted down before, and put back on the way out.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { VirtualHostSchema } from '../proto/generated/envoy/config/route/v3/route_components_pb.ts';
import type { RouteConfigurationSchema } from '../proto/generated/envoy/config/route/v3/route_pb.ts';
import { HeaderMutationSchema } from '../proto/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.ts';
import { buildTypedConfig } from './typed-config.ts';

/** Names of request headers that never pass an agent. */
const RESERVED_HEADER_PREFIX = 'x-tp-';
const NOTE = `${RESERVED_HEADER_PREFIX}xfp`;
const FORWARDED_PROTO = 'x-forwarded-proto';

/** Runs before anything else of Envoy has looked at the request. */
export function buildRequestCleaning() {
  const reserved = { matchPattern: { case: 'prefix' as const, value: RESERVED_HEADER_PREFIX } };
  return {
    name: 'envoy.http.early_header_mutation.header_mutation',
    typedConfig: buildTypedConfig(HeaderMutationSchema, {
      mutations: [
        { action: { case: 'removeOnMatch', value: { keyMatcher: reserved } } },
        { action: { case: 'append', value: buildCopy(NOTE, FORWARDED_PROTO) } },
      ],
    }),
  };
}

/** For the virtual host: removals come before additions. */
export const RESTORE_FORWARDED_PROTO = {
  requestHeadersToRemove: [FORWARDED_PROTO],
  requestHeadersToAdd: [buildCopy(FORWARDED_PROTO, NOTE)],
} satisfies MessageInitShape<typeof VirtualHostSchema>;

/** For the route configuration, which comes after the virtual host. */
export const FORGET_FORWARDED_PROTO = {
  requestHeadersToRemove: [NOTE],
} satisfies MessageInitShape<typeof RouteConfigurationSchema>;

/** An absent header gives an empty value, and Envoy adds no empty header. */
function buildCopy(key: string, from: string) {
  return { header: { key, value: `%REQ(${from})%` } };
}
