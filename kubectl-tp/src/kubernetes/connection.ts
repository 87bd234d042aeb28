// Which cluster, as whom and in which namespace: kubectl's connection flags over its kubeconfig files, resolved to one
// self-contained description that can be handed to another process.

import { readDuration } from '../duration.ts';
import { TpError } from '../errors.ts';
import { type Kubeconfig, type NamedEntry, readKubeconfig } from './kubeconfig.ts';

/** kubectl's own flags, as given. */
export type ConnectionFlags = {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  /** `KEY=VALUE`, a key may come several times. */
  readonly asUserExtra?: readonly string[] | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsServerName?: string | undefined;
  readonly requestTimeout?: string | undefined;
  /** Where the cluster part is installed. */
  readonly tpNamespace?: string | undefined;
};

/** Entries in the words of a kubeconfig file, all paths absolute. Holds secrets: goes through pipes, never into argv. */
export type Connection = {
  readonly context: string;
  readonly namespace: string;
  readonly installNamespace: string;
  readonly cluster: NamedEntry;
  readonly user: NamedEntry;
  readonly impersonate: Impersonation;
  readonly requestTimeoutMs?: number;
};

export type Impersonation = {
  readonly user?: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

// The same as DEFAULT_INSTALL_NAMESPACE; its module would load the schemas of all objects, 50 ms for one word.
const INSTALL_NAMESPACE = 'kubectl-tp';

export async function resolveConnection(flags: ConnectionFlags, env: NodeJS.ProcessEnv): Promise<Connection> {
  const file = await readKubeconfig(flags.kubeconfig, env);
  const contextName = flags.context ?? file.currentContext;
  const context = file.contexts.get(contextName)?.value;
  if (flags.context !== undefined && context === undefined) throw notThere('context', flags.context, file.contexts);

  const clusterName = flags.cluster ?? stringOf(context?.cluster);
  const userName = flags.user ?? stringOf(context?.user);
  const cluster = clusterName === undefined ? undefined : file.clusters.get(clusterName);
  const user = userName === undefined ? undefined : file.users.get(userName);
  if (flags.cluster !== undefined && cluster === undefined) throw notThere('cluster', flags.cluster, file.clusters);
  if (flags.user !== undefined && user === undefined) throw notThere('user', flags.user, file.users);

  if (flags.server === undefined && cluster === undefined) throw noCluster(file, contextName, clusterName);

  return {
    context: contextName,
    namespace: flags.namespace ?? stringOf(context?.namespace) ?? 'default',
    installNamespace: flags.tpNamespace ?? env.TP_NAMESPACE ?? INSTALL_NAMESPACE,
    cluster: withServer(applyFlags(clusterName ?? 'flags', cluster, clusterFlags(flags))),
    user: applyFlags(userName ?? 'flags', user, userFlags(flags)),
    impersonate: impersonation(flags, user),
    ...parseTimeout(flags.requestTimeout),
  };
}

function clusterFlags(flags: ConnectionFlags): Record<string, unknown> {
  return {
    server: flags.server,
    'certificate-authority': flags.certificateAuthority,
    // As in kubectl: a file given by flag wins over data in the file.
    ...(flags.certificateAuthority === undefined ? {} : { 'certificate-authority-data': null }),
    'insecure-skip-tls-verify': flags.insecureSkipTlsVerify === true ? true : undefined,
    'tls-server-name': flags.tlsServerName,
  };
}

function userFlags(flags: ConnectionFlags): Record<string, unknown> {
  return {
    token: flags.token,
    ...(flags.token === undefined ? {} : { tokenFile: null, exec: null, 'auth-provider': null }),
    username: flags.username,
    password: flags.password,
    ...(flags.username === undefined ? {} : { token: null, tokenFile: null, exec: null, 'auth-provider': null }),
    'client-certificate': flags.clientCertificate,
    ...(flags.clientCertificate === undefined ? {} : { 'client-certificate-data': null }),
    'client-key': flags.clientKey,
    ...(flags.clientKey === undefined ? {} : { 'client-key-data': null }),
  };
}

function impersonation(flags: ConnectionFlags, user: NamedEntry | undefined): Connection['impersonate'] {
  const name = flags.as ?? stringOf(user?.value.as);
  const uid = flags.asUid ?? stringOf(user?.value['as-uid']);
  const fromFile = user?.value['as-groups'];
  const groups = flags.asGroup?.length ? flags.asGroup : Array.isArray(fromFile) ? fromFile.map(String) : [];
  const extra = flags.asUserExtra?.length ? parseExtra(flags.asUserExtra) : extraOf(user?.value['as-user-extra']);
  return {
    ...(name === undefined ? {} : { user: name }),
    groups,
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  };
}

function parseExtra(pairs: readonly string[]): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new TpError('USAGE', `--as-user-extra does not understand "${pair}".`, { hint: 'Write it as KEY=VALUE.' });
    }
    const key = pair.slice(0, at);
    extra[key] = [...(extra[key] ?? []), pair.slice(at + 1)];
  }
  return extra;
}

function extraOf(value: unknown): Record<string, string[]> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, list]) => [key, [list].flat().map(String)]));
}

/** `undefined` leaves the file's value, `null` takes it away. */
function applyFlags(name: string, entry: NamedEntry | undefined, flags: Record<string, unknown>): NamedEntry {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const all = Object.entries({ ...entry?.value, ...Object.fromEntries(given) });
  const value = Object.fromEntries(all.filter(([, value]) => value !== null));
  // With other credentials than the file's it is somebody else.
  return { name, value, ...(entry?.file === undefined || given.length > 0 ? {} : { file: entry.file }) };
}

/** As in kubectl, a number alone is seconds, and 0 is no limit. */
function parseTimeout(text: string | undefined): Pick<Connection, 'requestTimeoutMs'> {
  if (text === undefined || text === '0') return {};
  return { requestTimeoutMs: readDuration(/^\d+$/.test(text) ? `${text}s` : text, '--request-timeout') };
}

function withServer(cluster: NamedEntry): NamedEntry {
  const server = cluster.value.server;
  if (typeof server === 'string' && /^https?:\/\//.test(server) && URL.canParse(server)) return cluster;
  throw new TpError(
    'KUBECONFIG_INVALID',
    `Cluster "${cluster.name}" has no usable server address: ${String(server ?? 'none')}`,
    { hint: 'It looks like https://HOST:PORT. See what there is: kubectl config view' },
  );
}

/** The kubeconfig leads to no cluster: says where the way ends. */
function noCluster(file: Kubeconfig, context: string, cluster: string | undefined): TpError {
  if (cluster !== undefined) return notThere('cluster', cluster, file.clusters);
  if (context !== '' && !file.contexts.has(context)) return notThere('context', context, file.contexts);
  const why = context === '' ? `${file.paths.join(', ')} has no current context` : `context "${context}" names none`;
  return new TpError('KUBECONFIG_INVALID', `No cluster is chosen: ${why}.`, {
    hint: 'Choose one: kubectl config get-contexts; kubectl config use-context NAME',
  });
}

function notThere(what: string, name: string, known: ReadonlyMap<string, unknown>): TpError {
  const names = [...known.keys()];
  return new TpError('KUBECONFIG_INVALID', `The kubeconfig has no ${what} "${name}".`, {
    hint:
      names.length === 0
        ? 'See what it has: kubectl config view; another file: --kubeconfig FILE'
        : `Choose one that it has, by --${what}: ${names.slice(0, 10).join(', ')}`,
  });
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
