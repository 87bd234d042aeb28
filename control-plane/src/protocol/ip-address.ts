// IP addresses as text: one form for each, so that what is compared, remembered and dialed is the same address however
// somebody spells it. Pure.

import { isIPv4, isIPv6 } from 'node:net';

/** ::ffff:0:0/96 in canonical form: an IPv4 address as IPv6 sockets see it (RFC 4291 2.5.5.2). */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * Dotted decimal, or the form of RFC 5952; an IPv4-mapped IPv6 address becomes the IPv4 address that packets go to.
 * Undefined for names, zone ids (they mean something on one machine only) and numbers such as `010.0.0.1` or `127.1`,
 * which programs read differently.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  // A URL's host is written by the rules of RFC 5952, with nothing in dotted decimal.
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(canonical) ?? [];
  return high === undefined || low === undefined ? canonical : joinOctets(high, low);
}

function joinOctets(...hextets: string[]): string {
  return hextets
    .map((hextet) => Number.parseInt(hextet, 16))
    .flatMap((value) => [value >> 8, value & 0xff])
    .join('.');
}
