// Settings of the whole process that no message of the stream has: runtime guards, and which statistics are kept.

import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { StatsConfigSchema } from '../proto/generated/envoy/config/metrics/v3/stats_pb.ts';

export const AGENT_RUNTIME: JsonObject = {
  // An HTTP/2 answer that ends before its request reaches the caller whole; see docs/transparency.md.
  'envoy.reloadable_features.allow_multiplexed_upstream_half_close': true,
  // A path with a fragment is the application's to refuse.
  'envoy.reloadable_features.http_reject_path_with_fragment': false,
  // Callers that cancel many requests are no attackers: their connection must not be closed for it.
  'overload.premature_reset_total_stream_count': 4_294_967_295,
};

const KEPT_PREFIXES = [
  'cluster.app/',
  'cluster.tunnel',
  'cluster.probe/',
  'http.in/',
  'tcp.',
  'control_plane.',
  'server.',
];
const KEPT_MANAGERS = ['listener_manager.', 'cluster_manager.'];

/** Each cluster has hundreds of statistics, most of an idle agent's own memory. */
export const AGENT_STATISTICS: MessageInitShape<typeof StatsConfigSchema> = {
  statsMatcher: {
    statsMatcher: {
      case: 'inclusionList',
      value: {
        patterns: [...KEPT_PREFIXES, ...KEPT_MANAGERS].map((value) => ({
          matchPattern: { case: 'prefix' as const, value },
        })),
      },
    },
  },
};
