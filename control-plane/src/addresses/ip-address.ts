// IP addresses as text and as the bytes that stand in packets. Text is canonical (RFC 5952), so that equal addresses are
// equal strings, however somebody spells them. Pure.

import { isIP } from 'node:net';

export type IpVersion = 4 | 6;

/** ::ffff:0:0/96: an IPv4 address as IPv6 sockets see it (RFC 4291, 2.5.5.2). */
const MAPPED_PREFIX = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * Dotted decimal, or the form of RFC 5952; an IPv4-mapped IPv6 address becomes the IPv4 address that packets go to.
 * Undefined for names, zone ids (they mean something on one machine only) and numbers such as `010.0.0.1` or `127.1`,
 * which programs read differently.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  const bytes = parseAddress(text);
  const isMapped = bytes.length === 16 && bytes.subarray(0, 12).equals(MAPPED_PREFIX);
  return formatAddress(isMapped ? bytes.subarray(12) : bytes);
}

/** Four bytes or sixteen. */
export function formatAddress(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);
}

/** Takes text that node:net's isIP accepts, without a zone. */
export function parseAddress(text: string): Buffer {
  return text.includes(':') ? parseIpv6(text) : Buffer.from(text.split('.').map(Number));
}

function formatIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  const { start, length } = longestZeros(groups);
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  // A single group of zeros is not shortened (RFC 5952, 4.2.2).
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  });
  return longest;
}

function parseIpv6(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...left, ...zeros, ...right].forEach((group, index) => {
    bytes.writeUInt16BE(group, index * 2);
  });
  return bytes;
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
