// When an intercepted request may be sent again: if nothing of it can have reached the developer's application, so that
// it is answered once whatever happens, and if it only reads and the pod may answer instead.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InterceptRoute } from '../ir/agent-config.ts';
import type { RetryPolicySchema } from '../proto/generated/envoy/config/route/v3/route_components_pb.ts';
import { PreviousHostsPredicateSchema } from '../proto/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { PreviousPrioritiesConfigSchema } from '../proto/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts';
import { buildDuration, buildExtension } from './typed-config.ts';

/** No connection came about (a closed local port ends it before TLS), or the far side refused the stream unread. */
const NOTHING_WAS_SENT = 'connect-failure,refused-stream';
/** Also when the connection is lost before the answer has begun. */
const NOTHING_WAS_ANSWERED = `${NOTHING_WAS_SENT},reset`;
/** A session has a relay more than one: after the first comes another. */
const RELAY_ATTEMPTS = 2;
/** Then the application, which has the next priority among the endpoints. */
const ATTEMPTS = { pod: RELAY_ATTEMPTS + 1, fail: RELAY_ATTEMPTS };
/** How often Envoy asks its load balancer for a relay that this request hasn't tried. */
const OTHER_RELAY_ATTEMPTS = 3n;

/** RFC 9110, section 9.2.1: requests that change nothing, which any client may repeat. TRACE is no application's. */
export const SAFE_METHODS = 'GET|HEAD|OPTIONS';

type RetryPolicy = MessageInitShape<typeof RetryPolicySchema>;

/** For the requests whose method is one of SAFE_METHODS, of an intercept that falls back to the pod. */
export function buildRetryPolicyOfSafe(): RetryPolicy {
  return { ...buildRetryPolicy('pod'), retryOn: NOTHING_WAS_ANSWERED };
}

export function buildRetryPolicy(fallback: InterceptRoute['fallback']): RetryPolicy {
  return {
    retryOn: NOTHING_WAS_SENT,
    numRetries: ATTEMPTS[fallback] - 1,
    hostSelectionRetryMaxAttempts: OTHER_RELAY_ATTEMPTS,
    retryHostPredicate: [UNTRIED],
    retryPriority: NEXT_PRIORITY,
    // Another relay or the pod has nothing to recover from: go on at once.
    retryBackOff: { baseInterval: buildDuration(1), maxInterval: buildDuration(1) },
  };
}

const UNTRIED = buildExtension('envoy.retry_host_predicates.previous_hosts', PreviousHostsPredicateSchema, {});

/** Where there is no next priority, requests stay with the relays. */
const NEXT_PRIORITY = buildExtension('envoy.retry_priorities.previous_priorities', PreviousPrioritiesConfigSchema, {
  updateFrequency: RELAY_ATTEMPTS,
});
