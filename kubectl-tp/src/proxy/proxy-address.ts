// Where the proxy may listen. Pure.

import { TpError } from '../errors.ts';

export type ProxyAddress = { readonly host: string; readonly port: number };

const LOOPBACK = '127.0.0.1';
const LOOPBACK_HOST = /^(127(\.\d{1,3}){3}|::1|localhost)$/;
/** Any port that is free. */
export const LOOPBACK_ANY: ProxyAddress = { host: LOOPBACK, port: 0 };

/** `HOST:PORT`, `[V6]:PORT` or `PORT`. Throws USAGE. */
export function parseProxyAddress(text: string): ProxyAddress {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) {
    throw new TpError('USAGE', `--proxy-address does not understand "${text}".`, {
      hint: 'Write it like 127.0.0.1:1080, or 1080 alone.',
    });
  }
  const host = bracketed ?? plain ?? LOOPBACK;
  if (!LOOPBACK_HOST.test(host)) {
    throw new TpError('USAGE', `The proxy asks nobody who he is, so it does not listen on ${host}.`, {
      hint: 'Others would reach the cluster in your name. Choose an address of this machine alone: 127.0.0.1:1080.',
    });
  }
  return { host, port };
}
