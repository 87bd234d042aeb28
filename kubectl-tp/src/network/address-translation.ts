// Under which addresses programs of a laptop know the cluster, where the cluster's own ones lead elsewhere there: a range
// stands for another of the same size, address by address.

import {
  addressBytes,
  canonicalAddress,
  contains,
  formatAddress,
  isInRanges,
  type Range,
  rangeOf,
} from '@kubectl-tp/control-plane/addresses';

/** Of one size. */
export type RangePair = {
  /** The cluster's. */
  readonly real: Range;
  /** What stands for it on the laptop. */
  readonly shown: Range;
};

export type TranslationRules = {
  readonly pairs: readonly RangePair[];
  /** Addresses of the cluster that stay as they are. */
  readonly except: readonly Range[];
};

export type AddressTranslation = {
  /** What programs are told for an address; the same where none stands for it. */
  shownOf(address: string): string;
  /** What is dialed in the cluster for an address that a program calls; the same where it stands for none. */
  realOf(address: string): string;
  /** Whether programs that call this address mean the cluster. */
  isClusters(address: string): boolean;
  setRules(rules: TranslationRules): void;
};

/** Nothing is translated before there are rules. `has` tells which addresses are the cluster's. */
export function createAddressTranslation(has: (address: string) => boolean): AddressTranslation {
  let rules: TranslationRules = { pairs: [], except: [] };

  function shownOf(text: string): string {
    const address = canonicalAddress(text);
    if (rules.pairs.length === 0 || address === undefined || !has(address)) return text;
    if (isInRanges(address, rules.except)) return text;
    const single = rangeOf(address);
    const pair = rules.pairs.find(({ real }) => contains(real, single));
    return pair === undefined ? text : moveAddress(single, pair.real, pair.shown);
  }

  function realOf(text: string): string {
    const address = canonicalAddress(text);
    if (rules.pairs.length === 0 || address === undefined) return text;
    const single = rangeOf(address);
    const pair = rules.pairs.find(({ shown }) => contains(shown, single));
    return pair === undefined ? text : moveAddress(single, pair.shown, pair.real);
  }

  return {
    shownOf,
    realOf,
    isClusters(address) {
      const real = realOf(address);
      // An address that another one stands for is the laptop's own.
      return has(real) && (real !== address || shownOf(address) === address);
    },
    setRules(next) {
      rules = next;
    },
  };
}

/** A part of `from` as the same part of `to`, which is as large. */
export function moveRange(part: Range, from: Range, to: Range): Range {
  return { ...part, first: part.first - from.first + to.first };
}

const moveAddress = (single: Range, from: Range, to: Range): string =>
  formatAddress(addressBytes(moveRange(single, from, to)));
