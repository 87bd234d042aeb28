// Names of Envoy resources. They are stable for the life of what they stand for, because a new name means a new
// cluster or listener to Envoy, and they are what people see in its statistics.

import type { InterceptRoute } from '../ir/agent-config.ts';

/** Listener and route configuration of a captured port. */
export const inboundName = (appPort: number): string => `in/${appPort}`;

/** Cluster of the application's own port. */
export const appName = (appPort: number): string => `app/${appPort}`;

/** Cluster by which an intercept's requests reach its laptop, or else the application. */
export const tunnelName = ({ id, fallback }: Pick<InterceptRoute, 'id' | 'fallback'>): string =>
  fallback === 'pod' ? `tunnel-or-app/${id}` : `${TUNNEL_PREFIX}${id}`;
/** Of clusters that lead to laptops alone. */
export const TUNNEL_PREFIX = 'tunnel/';

/** Cluster without requests, whose health check proves that the agent reaches the laptop, and its endpoints. */
export const probeName = (intercept: string): string => `probe/${intercept}`;

/** Endpoints of an intercept's tunnel cluster, whichever of the two names that has. */
export const relaysName = (intercept: string): string => `relays/${intercept}`;

/** Listener of the gate, and the cluster of everywhere that connections go from there. */
export const GATE = 'gate';
/** Filter chain of an exit's datagrams; that of its connections has the exit's own id. */
export const datagramsName = (exit: string): string => `${exit} datagrams`;

/** Whose a resource is by its name: what exists for one intercept is named `<what>/<namespace>/<name>`, all else isn't. */
export function interceptOfResource(name: string): string | undefined {
  const [, ...intercept] = name.split('/');
  return intercept.length === 2 ? intercept.join('/') : undefined;
}

/** Secrets: what the agent proves its identity with, and whom it trusts. */
export const AGENT_SECRET = 'agent';
export const AUTHORITY_SECRET = 'authority';
