// Where a proxy listens and who may use it, from what the command line says. Pure.

import { canonicalAddress, isInRanges, rangeOf } from '@kubectl-tp/control-plane/addresses';
import { TpError } from '../errors.ts';
import type { NetworkEntry } from '../ipc/network-messages.ts';
import { MAX_PASSWORD_BYTES, PROXY_USER } from '../proxy/credentials.ts';

export type ProxyEntry = Extract<NetworkEntry, { kind: 'proxy' }>;

export type ProxyWish = {
  readonly address?: string | undefined;
  readonly password?: string | undefined;
  /** It is told the password, so it can have one of its own. */
  readonly hasCommand: boolean;
};

const LOOPBACK = '127.0.0.1';
export const LOOPBACK_ANY = { host: LOOPBACK, port: 0 };

/** Throws USAGE. */
export function parseProxyEntry({ address, password, hasCommand }: ProxyWish): ProxyEntry {
  const entry = { kind: 'proxy', ...parseAddress(address) } as const;
  if (password !== undefined) return { ...entry, credentials: { user: PROXY_USER, password: parsePassword(password) } };
  if (hasCommand) return { ...entry, credentials: 'drawn' };
  // Browsers hardly take a password, so on loopback there is none.
  if (!isLoopback(entry.host)) throw openToOthers(entry.host);
  return entry;
}

/** `HOST:PORT`, `[V6]:PORT` or `PORT`. */
function parseAddress(text: string | undefined): { host: string; port: number } {
  if (text === undefined) return LOOPBACK_ANY;
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) {
    throw new TpError('USAGE', `--proxy-address does not understand "${text}".`, {
      hint: 'Write it like 127.0.0.1:1080, or 1080 alone.',
    });
  }
  return { host: bracketed ?? plain ?? LOOPBACK, port };
}

function parsePassword(password: string): string {
  const bytes = Buffer.byteLength(password);
  if (bytes > 0 && bytes <= MAX_PASSWORD_BYTES) return password;
  throw new TpError('USAGE', `--proxy-password takes 1 to ${MAX_PASSWORD_BYTES} bytes, not ${bytes}.`, {
    hint: `SOCKS has no room for more. The user is ${PROXY_USER}.`,
  });
}

const LOOPBACKS = ['127.0.0.0/8', '::1'].map(rangeOf);

function isLoopback(host: string): boolean {
  const address = canonicalAddress(host);
  return address === undefined ? host === 'localhost' : isInRanges(address, LOOPBACKS);
}

function openToOthers(host: string): TpError {
  return new TpError(
    'USAGE',
    `A proxy on ${host} would let everybody who reaches this laptop into the cluster with your rights.`,
    { hint: `Leave out the host, or set a password for user ${PROXY_USER}: --proxy-password PASSWORD` },
  );
}
