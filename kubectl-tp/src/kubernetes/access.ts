// How a connection authenticates to the API server, without client-node, which costs 80 MB and half a second in every
// process: certificates, bearer tokens, names with passwords and exec plugins. Undefined for what only client-node can.

import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import type { KubeAccess } from '@kubectl-tp/control-plane/kubernetes';
import type { Connection, Impersonation } from './connection.ts';
import { createExecPlugin, type ExecCredential } from './exec-plugin.ts';

type Entry = Readonly<Record<string, unknown>>;

export function createAccess({ cluster, user, impersonate }: Connection): KubeAccess | undefined {
  // A proxy needs an agent that speaks to it, and auth-provider a library for each vendor.
  if (cluster.value['proxy-url'] !== undefined || user.value['auth-provider'] !== undefined) return undefined;
  const plugin = user.value.exec === undefined ? undefined : createExecPlugin(user.value.exec, cluster.value);
  const server = String(cluster.value.server);
  const skipTLSVerify = cluster.value['insecure-skip-tls-verify'] === true;
  const impersonation = impersonationHeaders(impersonate);
  return {
    getCurrentCluster: () => ({ name: cluster.name, server, skipTLSVerify }),
    async applyToHTTPSOptions(options: RequestOptions) {
      const [ca, cert, key, credential] = await Promise.all([
        dataOf(cluster.value, 'certificate-authority'),
        dataOf(user.value, 'client-certificate'),
        dataOf(user.value, 'client-key'),
        plugin?.credential(),
      ]);
      const { 'tls-server-name': servername } = cluster.value;
      const tls = {
        ca,
        cert: credential?.certificate ?? cert,
        key: credential?.key ?? key,
        ...namedAs(servername),
      };
      Object.assign(options, Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)));
      if (skipTLSVerify) options.rejectUnauthorized = false;
      const authorization = await authorizationOf(user.value, credential);
      options.headers = {
        ...options.headers,
        ...(authorization === undefined ? {} : { authorization }),
        ...impersonation,
      };
    },
    renew(beganMs) {
      plugin?.renew(beganMs);
      return plugin !== undefined;
    },
  };
}

/** An address is never told to the API server (RFC 6066, section 3): it is only looked for in the certificate. */
function namedAs(name: unknown): Pick<ConnectionOptions, 'servername' | 'checkServerIdentity'> {
  if (name === undefined) return {};
  const text = String(name);
  if (isIP(text) === 0) return { servername: text };
  return { servername: '', checkServerIdentity: (_, certificate) => checkServerIdentity(text, certificate) };
}

/** `NAME-data` in base64, else the file `NAME`. Read each time: rotated files are followed. */
async function dataOf(entry: Entry, name: string): Promise<Buffer | undefined> {
  const data = entry[`${name}-data`];
  if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64');
  const path = entry[name];
  return typeof path === 'string' && path !== '' ? readFile(path) : undefined;
}

/** As in kubectl: a file with a token wins over the token, a token over a name with password. */
async function authorizationOf(user: Entry, credential: ExecCredential | undefined): Promise<string | undefined> {
  const { token, tokenFile, username, password } = user;
  if (credential !== undefined) return credential.token === undefined ? undefined : `Bearer ${credential.token}`;
  if (typeof tokenFile === 'string') return `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`;
  if (typeof token === 'string') return `Bearer ${token}`;
  if (typeof username !== 'string') return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

export function impersonationHeaders({
  user,
  groups,
  uid,
  extra = {},
}: Impersonation): Record<string, string | string[]> {
  const extras = Object.entries(extra).map(([key, values]) => [
    `Impersonate-Extra-${encodeURIComponent(key)}`,
    [...values],
  ]);
  return {
    ...(user === undefined ? {} : { 'Impersonate-User': user }),
    ...(groups.length === 0 ? {} : { 'Impersonate-Group': [...groups] }),
    ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    ...Object.fromEntries(extras),
  };
}
