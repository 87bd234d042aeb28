// Server names (SNI) by which a connection of an agent finds its laptop and intercept without the relay reading more
// than the ClientHello: `<intercept>.<namespace>.<session>.session.tp`. The relay looks at the session alone.

const SUFFIX = '.session.tp';
/** RFC 1123 label: what names of intercepts, namespaces and sessions must be, as parts of a server name. */
export const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export type TunnelName = { intercept: string; namespace: string; session: string };

/** The DNS name in a laptop's certificate, which agents require. */
export function sessionName(session: string): string {
  return session + SUFFIX;
}

/** The server name an agent sends for a connection that belongs to one intercept. */
export function buildServerName({ intercept, namespace, session }: TunnelName): string {
  return `${intercept}.${namespace}.${session}${SUFFIX}`;
}

/** The reverse of `buildServerName`; undefined for any other name. */
export function parseServerName(name: string): TunnelName | undefined {
  if (!name.endsWith(SUFFIX)) return undefined;
  const labels = name.slice(0, -SUFFIX.length).split('.');
  if (labels.length !== 3 || !labels.every((label) => DNS_LABEL.test(label))) return undefined;
  const [intercept = '', namespace = '', session = ''] = labels;
  return { intercept, namespace, session };
}
