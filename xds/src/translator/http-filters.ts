// The HTTP filters of a captured port, in the order in which requests pass them.

import { RouterSchema } from '../proto/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { buildExtension } from './typed-config.ts';

export function buildHttpFilters() {
  return [
    // Last, because it sends the request on. Envoy's own headers would be news to application and caller.
    buildExtension('envoy.filters.http.router', RouterSchema, { suppressEnvoyHeaders: true }),
  ];
}
