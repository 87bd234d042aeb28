// Ranges of IP addresses (CIDR, RFC 4632), and whether an address lies in one. Pure.

import { canonicalAddress } from '../protocol/ip-address.ts';

export type AddressRange = {
  readonly text: string;
  readonly bits: bigint;
  readonly width: 32 | 128;
  readonly shift: bigint;
};

type Address = Pick<AddressRange, 'bits' | 'width'>;

/**
 * Undefined for what is no `address/length`, and for one with bits beyond its length, such as `10.0.0.1/8`: it may mean
 * one address or sixteen million.
 */
export function parseRange(text: string): AddressRange | undefined {
  const [, first = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = readAddress(first);
  const length = Number(digits);
  if (address === undefined || length > address.width) return undefined;
  const shift = BigInt(address.width - length);
  return (address.bits >> shift) << shift === address.bits ? { text, ...address, shift } : undefined;
}

/** For a list of the program's own: throws for a typing error. */
export function buildRanges(texts: readonly string[]): AddressRange[] {
  return texts.map((text) => {
    const range = parseRange(text);
    if (range === undefined) throw new TypeError(`"${text}" is no range of addresses.`);
    return range;
  });
}

/** `address` is canonical. */
export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  const { bits, width } = readBits(address);
  return ranges.some((range) => range.width === width && range.bits >> range.shift === bits >> range.shift);
}

/** Only what is written as it is meant: no IPv4 address in the clothes of an IPv6 one. */
function readAddress(text: string): Address | undefined {
  const canonical = canonicalAddress(text);
  if (canonical === undefined || canonical.includes(':') !== text.includes(':')) return undefined;
  return readBits(canonical);
}

function readBits(canonical: string): Address {
  return canonical.includes(':')
    ? { bits: joinBits(expandHextets(canonical), 16n), width: 128 }
    : { bits: joinBits(canonical.split('.').map(Number), 8n), width: 32 };
}

/** The eight numbers of an IPv6 address; `::` stands for as many zeros as are missing. */
function expandHextets(canonical: string): number[] {
  const [before = '', after] = canonical.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((hextet) => Number.parseInt(hextet, 16)));
  if (after === undefined) return parse(before);
  const [head, tail] = [parse(before), parse(after)];
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function joinBits(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n);
}
