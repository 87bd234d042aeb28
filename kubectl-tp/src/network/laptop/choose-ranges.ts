// Chooses free ranges that stand for ranges of the cluster on a laptop which has other ways to these. Pure.

import {
  contains,
  type IpVersion,
  isSingle,
  mergeRanges,
  overlaps,
  type Range,
  rangeOf,
  without,
} from '@kubectl-tp/control-plane/addresses';
import type { RangePair } from '../address-translation.ts';

type Pool = { readonly range: Range; readonly from: 'first' | 'last' };
const pool = (text: string, from: Pool['from']): Pool => ({ range: rangeOf(text), from });

/**
 * In order of preference. IPv4: for tests of networks (RFC 2544), so neither on the Internet nor in offices; for networks of
 * providers (RFC 6598), which some VPNs use, too; private ones (RFC 1918), the largest first, at the ends where hardly
 * anybody begins to count. IPv6: local prefixes drawn at random (RFC 4193).
 */
const POOLS: Readonly<Record<IpVersion, readonly Pool[]>> = {
  4: [
    pool('198.18.0.0/15', 'first'),
    pool('100.64.0.0/10', 'last'),
    pool('10.0.0.0/8', 'last'),
    pool('172.16.0.0/12', 'last'),
    pool('192.168.0.0/16', 'last'),
  ],
  6: [pool('fd8c:41e7:5b00::/40', 'first'), pool('fd27:d0b6:9300::/40', 'first')],
};

/** What single addresses are translated by, so that a namespace's Services and pods take a few lines and not a hundred. */
const BLOCK_BITS: Readonly<Record<IpVersion, number>> = { 4: 24, 6: 120 };

/** The range that is translated as one: itself, or the block of a single address. */
export function blockOf(range: Range): Range {
  return isSingle(range) ? cut(range, BLOCK_BITS[range.version]) : range;
}

export type RangeWishes = {
  /** None has another in it. */
  readonly wanted: readonly Range[];
  /** They go on to hold where they can, since programs remember addresses. */
  readonly previous: readonly RangePair[];
  /** Where nothing can stand for anything else. */
  readonly taken: readonly Range[];
};

/** Without those that there is no room for. No two overlap, on either side. */
export function chooseRanges({ wanted, previous, taken }: RangeWishes): RangePair[] {
  const isFree = (range: Range) => !taken.some((other) => overlaps(other, range));
  const pairs = previous.filter(({ real, shown }) => isFree(shown) && wanted.some((range) => contains(real, range)));
  for (const range of wanted.toSorted((a, b) => a.bits - b.bits)) {
    if (pairs.some(({ real }) => contains(real, range))) continue;
    const occupied = mergeRanges([...taken, ...pairs.map(({ shown }) => shown)]);
    const shown = findFree(POOLS[range.version], range.bits, occupied);
    if (shown !== undefined) pairs.push({ real: range, shown });
  }
  return pairs;
}

function findFree(pools: readonly Pool[], bits: number, occupied: readonly Range[]): Range | undefined {
  for (const { range, from } of pools) {
    const holes = occupied.filter((hole) => overlaps(hole, range));
    const large = holes
      .reduce<Range[]>((left, hole) => without(left, hole), [range])
      .filter((free) => free.bits <= bits);
    const free = mergeRanges(large).at(from === 'first' ? 0 : -1);
    if (free !== undefined) return from === 'first' ? { ...free, bits } : lastPart(free, bits);
  }
  return undefined;
}

function lastPart({ version, first, bits }: Range, wanted: number): Range {
  const width = version === 4 ? 32 : 128;
  return { version, first: first + (1n << BigInt(width - bits)) - (1n << BigInt(width - wanted)), bits: wanted };
}

function cut({ version, first }: Range, bits: number): Range {
  const behind = BigInt((version === 4 ? 32 : 128) - bits);
  return { version, first: (first >> behind) << behind, bits };
}
