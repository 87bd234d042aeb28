// Names of Envoy resources. They are stable for the life of what they stand for, because a new name means a new
// cluster or listener to Envoy, and they are what people see in its statistics.

/** Listener and route configuration of a captured port. */
export const inboundName = (appPort: number): string => `in/${appPort}`;

/** Cluster of the application's own port. */
export const appName = (appPort: number): string => `app/${appPort}`;

/** Cluster by which an intercept's requests reach its laptop. */
export const tunnelName = (intercept: string): string => `${TUNNEL_PREFIX}${intercept}`;
export const TUNNEL_PREFIX = 'tunnel/';

/** Cluster of the tunnel's relays and, after them, the application. */
export const tunnelOrAppName = (intercept: string): string => `tunnel-or-app/${intercept}`;

/** Cluster without requests, whose health check proves that the agent reaches the laptop. */
export const probeName = (intercept: string): string => `probe/${intercept}`;

/** Endpoints: the relays that hold a session's tunnel. */
export const sessionName = (session: string): string => `session/${session}`;

/** Whose a resource is by its name: what exists for one intercept is named `<what>/<namespace>/<name>`, all else isn't. */
export function interceptOfResource(name: string): string | undefined {
  const [, ...intercept] = name.split('/');
  return intercept.length === 2 ? intercept.join('/') : undefined;
}

/** Secrets: what the agent proves its identity with, and whom it trusts. */
export const AGENT_SECRET = 'agent';
export const AUTHORITY_SECRET = 'authority';
