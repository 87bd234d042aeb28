// Puts other addresses into the values of an environment, where a value is an address, has it as the host of a URL or in
// front of a port, or is a list of such. Any other text that looks like one (a version, a range, a mask) stays. Pure.

import { isIPv6 } from 'node:net';

const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]`;
/**
 * Scheme and authority (RFC 3986, 3.1 and 3.2), a scheme of 32 characters at most: a value of a megabyte without any must
 * not be searched again from each of its characters.
 */
const URL_START = /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,31}:\/\/)([^\s/?#]*)/gi;
/** What is in front of the hosts: a password may have an @ and commas in it. */
const USER = /^.*@/;
const HOST = new RegExp(String.raw`^(${ADDRESS})(:\d{1,5})?$`, 'i');
/** `10.96.0.9`, `10.96.0.9:80`, `[fd00::9]:80/a`, `host=10.96.0.9`; not `10.96.0.0/16`. */
const ITEM = new RegExp(String.raw`^([\w.-]+=)?(${ADDRESS})(:\d{1,5}(?:[/?#].*)?)?$`, 'i');
const SEPARATORS = /([,;\s]+)/;

/** What programs are told for an address. */
export type ShownOf = (address: string) => string;

export function translateAddresses(
  variables: Readonly<Record<string, string>>,
  shownOf: ShownOf,
): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, translateValue(value, shownOf)]));
}

function translateValue(value: string, shownOf: ShownOf): string {
  const host = (text: string) => (text.startsWith('[') ? `[${shownOf(text.slice(1, -1))}]` : shownOf(text));
  return value
    .replaceAll(URL_START, (_, scheme: string, authority: string) => scheme + translateAuthority(authority, host))
    .split(SEPARATORS)
    .map((item) =>
      isIPv6(item)
        ? shownOf(item)
        : item.replace(ITEM, (_, before = '', address: string, after = '') => before + host(address) + after),
    )
    .join('');
}

/** `me:secret@10.96.0.9,10.96.0.8:5432` */
function translateAuthority(authority: string, host: (text: string) => string): string {
  const [user = ''] = USER.exec(authority) ?? [];
  const parts = authority.slice(user.length).split(SEPARATORS);
  return (
    user + parts.map((part) => part.replace(HOST, (_, address: string, port = '') => host(address) + port)).join('')
  );
}
