// kubectl's connection flags, which every command understands.

import type { Options } from './command.ts';
import type { ConnectionFlags } from './kubernetes/connection.ts';

export const CONNECTION_OPTIONS = {
  kubeconfig: { type: 'string', describe: 'kubeconfig file', value: 'FILE' },
  context: { type: 'string', describe: 'context of the kubeconfig', value: 'NAME' },
  namespace: { type: 'string', alias: 'n', describe: 'namespace to work in', value: 'NAME' },
  cluster: { type: 'string', describe: 'cluster of the kubeconfig', value: 'NAME' },
  user: { type: 'string', describe: 'user of the kubeconfig', value: 'NAME' },
  server: { type: 'string', alias: 's', describe: 'address of the API server', value: 'URL' },
  token: { type: 'string', describe: 'bearer token', value: 'TOKEN' },
  username: { type: 'string', describe: 'name for basic authentication', value: 'NAME' },
  password: { type: 'string', describe: 'password for basic authentication', value: 'PASSWORD' },
  as: { type: 'string', describe: 'act as this user', value: 'USER' },
  'as-group': { type: 'list', describe: 'act as a member of this group (repeat for more)', value: 'GROUP' },
  'as-uid': { type: 'string', describe: 'act with this uid', value: 'UID' },
  'as-user-extra': { type: 'list', describe: 'act with this extra (repeat for more)', value: 'KEY=VALUE' },
  'certificate-authority': { type: 'string', describe: "authority of the API server's certificate", value: 'FILE' },
  'client-certificate': { type: 'string', describe: 'client certificate', value: 'FILE' },
  'client-key': { type: 'string', describe: 'key of the client certificate', value: 'FILE' },
  'insecure-skip-tls-verify': { type: 'boolean', describe: "do not check the API server's certificate" },
  'tls-server-name': { type: 'string', describe: "name in the API server's certificate", value: 'NAME' },
  'request-timeout': {
    type: 'string',
    describe: 'give up a request to the API server after this time',
    value: 'DURATION',
  },
  // Understood because aliases and scripts have them; what they tune in kubectl does not exist here.
  'cache-dir': { type: 'string', describe: '', hidden: true },
  'disable-compression': { type: 'boolean', describe: '', hidden: true },
  kuberc: { type: 'string', describe: '', hidden: true },
  'log-flush-frequency': { type: 'string', describe: '', hidden: true },
  'match-server-version': { type: 'boolean', describe: '', hidden: true },
  profile: { type: 'string', describe: '', hidden: true },
  'profile-output': { type: 'string', describe: '', hidden: true },
  v: { type: 'string', describe: '', hidden: true },
  vmodule: { type: 'string', describe: '', hidden: true },
  'warnings-as-errors': { type: 'boolean', describe: '', hidden: true },
  'tp-namespace': {
    type: 'string',
    describe: 'namespace of the cluster part [kubectl-tp, or TP_NAMESPACE]',
    value: 'NAME',
  },
} as const satisfies Options;

type Name = keyof typeof CONNECTION_OPTIONS;

/** Repeated single flags: the last one wins, as in kubectl. */
export function toConnectionFlags(parsed: Readonly<Record<string, unknown>>): ConnectionFlags {
  const text = (name: Name) => lastString(parsed[name]);
  return {
    kubeconfig: text('kubeconfig'),
    context: text('context'),
    namespace: text('namespace'),
    cluster: text('cluster'),
    user: text('user'),
    server: text('server'),
    token: text('token'),
    username: text('username'),
    password: text('password'),
    as: text('as'),
    asGroup: listOf(parsed['as-group']),
    asUid: text('as-uid'),
    asUserExtra: listOf(parsed['as-user-extra']),
    certificateAuthority: text('certificate-authority'),
    clientCertificate: text('client-certificate'),
    clientKey: text('client-key'),
    insecureSkipTlsVerify: parsed['insecure-skip-tls-verify'] === true,
    tlsServerName: text('tls-server-name'),
    requestTimeout: text('request-timeout'),
    tpNamespace: text('tp-namespace'),
  };
}

export function lastString(value: unknown): string | undefined {
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined ? undefined : String(last);
}

export function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
}
