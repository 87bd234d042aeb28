// Ranges of IP addresses (CIDR, RFC 4632): read, compared and cut. Pure.

import { isIP } from 'node:net';
import { canonicalAddress, formatAddress, type IpVersion, parseAddress } from './ip-address.ts';

export type Range = {
  readonly version: IpVersion;
  /** Of the first address, as a number. */
  readonly first: bigint;
  readonly bits: number;
};

const WIDTH: Readonly<Record<IpVersion, number>> = { 4: 32, 6: 128 };

/** A CIDR or one address; undefined for other text. Bits behind the prefix are cleared. */
export function parseRange(text: string): Range | undefined {
  const [, address = '', digits] = /^([0-9a-f.:]+)(?:\/(0|[1-9]\d{0,2}))?$/i.exec(text) ?? [];
  const version = isIP(address);
  if (version !== 4 && version !== 6) return undefined;
  const bits = digits === undefined ? WIDTH[version] : Number(digits);
  if (bits > WIDTH[version]) return undefined;
  const number = BigInt(`0x${parseAddress(address).toString('hex')}`);
  return { version, first: clearBehind(number, version, bits), bits };
}

/**
 * Only what is written as it is meant. Undefined for one address without a length, for a range with bits beyond its length,
 * such as `10.0.0.1/8` (it may mean one address or sixteen million), and for an IPv4 address in the clothes of an IPv6 one.
 */
export function parseExactRange(text: string): Range | undefined {
  const [address = '', digits] = text.split('/');
  const range = digits === undefined ? undefined : parseRange(text);
  return range !== undefined && canonicalAddress(address) === firstAddress(range) ? range : undefined;
}

/** For text that is one for certain. */
export function rangeOf(text: string): Range {
  const range = parseRange(text);
  if (range === undefined) throw new Error(`${text} is no range of addresses`);
  return range;
}

export function formatRange({ version, first, bits }: Range): string {
  return `${firstAddress({ version, first })}/${bits}`;
}

/** In the form that canonicalAddress gives, but for IPv4-mapped ones, which stay as they are. */
function firstAddress(range: Pick<Range, 'version' | 'first'>): string {
  return formatAddress(addressBytes(range));
}

export function addressBytes({ version, first }: Pick<Range, 'version' | 'first'>): Buffer {
  return Buffer.from(first.toString(16).padStart(WIDTH[version] / 4, '0'), 'hex');
}

export const isSingle = ({ version, bits }: Range): boolean => bits === WIDTH[version];

/** Whether all of `inner` is in `outer`. */
export function contains(outer: Range, inner: Range): boolean {
  if (outer.version !== inner.version || outer.bits > inner.bits) return false;
  return clearBehind(inner.first, inner.version, outer.bits) === outer.first;
}

/** `address` is text that node:net's isIP accepts, without a zone. */
export function isInRanges(address: string, ranges: readonly Range[]): boolean {
  const single = rangeOf(address);
  return ranges.some((range) => contains(range, single));
}

/** Ranges of this kind never overlap in part: one has all of the other. */
export const overlaps = (a: Range, b: Range): boolean => contains(a, b) || contains(b, a);

/** What is left of the ranges without `hole`, as few ranges as there can be. */
export function without(ranges: readonly Range[], hole: Range): Range[] {
  return ranges.flatMap((range) => {
    if (contains(hole, range)) return [];
    return contains(range, hole) ? halvesWithout(range, hole) : [range];
  });
}

function halvesWithout({ version, first, bits }: Range, hole: Range): Range[] {
  const second = first | (1n << BigInt(WIDTH[version] - bits - 1));
  const halves = [first, second].map((begin): Range => ({ version, first: begin, bits: bits + 1 }));
  return without(halves, hole);
}

/** Without those that others have in them, in a fixed order. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const sorted = ranges.toSorted(
    (a, b) => a.version - b.version || (a.first < b.first ? -1 : a.first > b.first ? 1 : a.bits - b.bits),
  );
  const merged: Range[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    // Whatever has it in it begins before it, and nothing lies between.
    if (last === undefined || !contains(last, range)) merged.push(range);
  }
  return merged;
}

function clearBehind(number: bigint, version: IpVersion, bits: number): bigint {
  const behind = BigInt(WIDTH[version] - bits);
  return (number >> behind) << behind;
}
