// The environment that sends a program's connections through the proxy, in the spellings that programs know. Pure.

import { isIPv6 } from 'node:net';
import type { Credentials } from './credentials.ts';

/** This machine's own services are reached directly. */
const DIRECT = 'localhost,127.0.0.1,::1';

export type ProxyAccess = {
  readonly host: string;
  readonly port: number;
  readonly credentials?: Credentials | undefined;
};

/** `socks5h`: names are resolved by the proxy, so that names of the cluster work. */
export function proxyVariables({ host, port, credentials }: ProxyAccess): Record<string, string> {
  const login =
    credentials === undefined ? '' : `${[credentials.user, credentials.password].map(encodeURIComponent).join(':')}@`;
  const authority = `${login}${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const byName = { http_proxy: `http://${authority}`, https_proxy: `http://${authority}`, no_proxy: DIRECT };
  const variables = { ...byName, all_proxy: `socks5h://${authority}` };
  const inCapitals = Object.entries(variables).map(([name, value]) => [name.toUpperCase(), value]);
  return { ...variables, ...Object.fromEntries(inCapitals) };
}
