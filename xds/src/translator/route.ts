// The routes of a captured port: each intercept's requests to its laptop, in order of precedence, the rest to the
// application. All changes of intercepts happen here and in clusters, never in listeners.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { AgentPort, InterceptRoute } from '../ir/agent-config.ts';
import type {
  HeaderMatcherSchema,
  RetryPolicySchema,
  RouteSchema,
} from '../proto/generated/envoy/config/route/v3/route_components_pb.ts';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../proto/generated/envoy/config/route/v3/route_pb.ts';
import { FORGET_FORWARDED_PROTO, RESTORE_FORWARDED_PROTO } from './request-headers.ts';
import { appName, inboundName, tunnelName } from './resource-names.ts';
import { buildRetryPolicy, buildRetryPolicyOfSafe, SAFE_METHODS } from './retry.ts';
import { NEVER } from './typed-config.ts';

/** A request body up to this size can be sent a second time; a larger one is lost if its relay goes away meanwhile. */
const REPLAYABLE_BODY_BYTES = 8n << 20n;

type RouteInit = MessageInitShape<typeof RouteSchema>;
type HeaderMatcher = MessageInitShape<typeof HeaderMatcherSchema>;

export function buildRouteConfiguration(port: AgentPort): RouteConfiguration {
  return create(RouteConfigurationSchema, {
    name: inboundName(port.appPort),
    // The stream brings clusters first; a route that came too early must not be refused for it.
    validateClusters: false,
    virtualHosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [...port.intercepts.flatMap(buildInterceptRoutes), ...buildAppRoutes(port.appPort)],
        ...RESTORE_FORWARDED_PROTO,
      },
    ],
    ...FORGET_FORWARDED_PROTO,
  });
}

/** Requests that only read have a route of their own: they may be sent again where others may not. */
function buildInterceptRoutes(intercept: InterceptRoute): RouteInit[] {
  const all = buildInterceptRoute(intercept, [], buildRetryPolicy(intercept.fallback));
  if (intercept.fallback === 'fail') return [all];
  return [buildInterceptRoute(intercept, [SAFE], buildRetryPolicyOfSafe()), all];
}

function buildInterceptRoute(
  intercept: InterceptRoute,
  more: readonly HeaderMatcher[],
  retryPolicy: MessageInitShape<typeof RetryPolicySchema>,
): RouteInit {
  const headers = [...intercept.headers.map(buildHeaderMatcher), ...more];
  return {
    name: intercept.id,
    match: { pathSpecifier: { case: 'prefix', value: '' }, headers },
    requestBodyBufferLimit: REPLAYABLE_BODY_BYTES,
    action: { case: 'route', value: { ...buildAction(tunnelName(intercept)), retryPolicy } },
  };
}

const SAFE: HeaderMatcher = {
  name: ':method',
  headerMatchSpecifier: {
    case: 'stringMatch',
    value: { matchPattern: { case: 'safeRegex', value: { regex: SAFE_METHODS } } },
  },
};

function buildHeaderMatcher({ name, value }: InterceptRoute['headers'][number]): HeaderMatcher {
  return {
    name,
    headerMatchSpecifier: { case: 'stringMatch', value: { matchPattern: { case: 'exact', value } } },
  };
}

/** An empty prefix matches paths that don't begin with a slash, too, but not CONNECT. */
function buildAppRoutes(appPort: number): RouteInit[] {
  const action = { case: 'route' as const, value: buildAction(appName(appPort)) };
  return [
    { match: { pathSpecifier: { case: 'prefix', value: '' } }, action },
    { match: { pathSpecifier: { case: 'connectMatcher', value: {} } }, action },
  ];
}

function buildAction(cluster: string) {
  return {
    clusterSpecifier: { case: 'cluster' as const, value: cluster },
    timeout: NEVER,
    idleTimeout: NEVER,
  };
}
