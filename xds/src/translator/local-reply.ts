// Answers that Envoy gives itself. They stay as they are but for one: an intercept that must not fall back to the pod
// says whose laptop is away.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { ExpressionFilterSchema } from '../proto/generated/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.ts';
import type { LocalReplyConfigSchema } from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { TUNNEL_PREFIX } from './resource-names.ts';
import { buildInline } from './secret.ts';
import { buildExtension } from './typed-config.ts';

/** UH: no relay holds the tunnel. UF: no connection to laptop or local port. NC: the cluster isn't there yet. */
const UNREACHABLE = ['UF', 'UH', 'NC'];

/** The route's name is the intercept's. */
const LAPTOP_AWAY =
  "kubectl tp: the laptop of intercept %ROUTE_NAME% can't be reached, and its owner asked for an error in this case.\n" +
  'To let the pod answer: kubectl tp intercept ... --fallback pod. To end it: kubectl delete intercept.\n';

export function buildLocalReplies(): MessageInitShape<typeof LocalReplyConfigSchema> {
  return {
    mappers: [
      {
        filter: { filterSpecifier: { case: 'andFilter', value: { filters: [IS_UNREACHABLE, IS_TUNNEL] } } },
        bodyFormatOverride: { format: { case: 'textFormatSource', value: buildInline(LAPTOP_AWAY) } },
      },
    ],
  };
}

const IS_UNREACHABLE = {
  filterSpecifier: { case: 'responseFlagFilter' as const, value: { flags: UNREACHABLE } },
};

/** Intercepts that fall back have another cluster. */
const IS_TUNNEL = {
  filterSpecifier: {
    case: 'extensionFilter' as const,
    value: buildExtension('envoy.access_loggers.extension_filters.cel', ExpressionFilterSchema, {
      expression: `xds.cluster_name.startsWith("${TUNNEL_PREFIX}")`,
    }),
  },
};
