// Which ports surely don't speak plain HTTP. Ports that say nothing are taken for HTTP, as most are.

/** Words of `appProtocol` and prefixes of port names (`mysql`, `mysql-primary`). TLS can't be read by the agent. */
const NOT_HTTP: ReadonlySet<string> = new Set([
  'amqp',
  'cassandra',
  'ftp',
  'https',
  'kafka',
  'ldap',
  'memcached',
  'mongo',
  'mongodb',
  'mqtt',
  'mysql',
  'nats',
  'postgres',
  'postgresql',
  'redis',
  'smtp',
  'ssh',
  'tcp',
  'tls',
  'udp',
  'wss',
]);

/**
 * The word by which a port says that it is not HTTP, for the refusal; undefined if nothing speaks against it. What
 * `appProtocol` states counts more than a name.
 */
export function findForeignProtocol(port: {
  readonly name: string | undefined;
  readonly appProtocol: string | undefined;
}): string | undefined {
  // Kubernetes' own words have its domain in front: kubernetes.io/wss.
  const stated = port.appProtocol?.toLowerCase().replace(/^.*\//, '');
  const word = stated ?? port.name?.split('-')[0];
  return word !== undefined && NOT_HTTP.has(word) ? word : undefined;
}
