// Which addresses belong to the cluster: its ranges, where the user may see them, and every single address that the
// cluster has named: in its Services and pods, and in answers of its resolver.

import { canonicalAddress, isInRanges, type Range, rangeOf } from '@kubectl-tp/control-plane/addresses';

export type ClusterAddresses = {
  has(address: string): boolean;
  /** CIDRs. */
  readonly ranges: readonly string[];
  /** Known for themselves, whether or not they are in a range. */
  readonly singles: readonly string[];
  setRanges(cidrs: readonly string[]): void;
  /** Addresses that one source knows now; they take the place of what it knew before. */
  setKnown(source: string, addresses: readonly string[]): void;
  /** The resolver of the cluster has named it. Resolves when whoever listens has made use of that. */
  learn(address: string): Promise<void>;
  /** Calls when there is a new address, or fewer. A listener never rejects. Returns what ends it. */
  listen(listener: () => Promise<void>): () => void;
};

/** The oldest is forgotten first: a program looks up what it talks to. */
const MAX_LEARNED = 10_000;

export function createClusterAddresses(): ClusterAddresses {
  const known = new Map<string, ReadonlySet<string>>();
  const learned = new Set<string>();
  const listeners = new Set<() => Promise<void>>();
  let ranges: readonly string[] = [];
  let parsed: readonly Range[] = [];

  const tell = async () => void (await Promise.all([...listeners].map((listener) => listener())));

  function has(text: string): boolean {
    const address = canonicalAddress(text);
    if (address === undefined) return false;
    if (learned.has(address) || [...known.values()].some((addresses) => addresses.has(address))) return true;
    return isInRanges(address, parsed);
  }

  return {
    has,
    get ranges() {
      return ranges;
    },
    get singles() {
      return [...known.values(), learned].flatMap((addresses) => [...addresses]);
    },
    setRanges(cidrs) {
      parsed = cidrs.map(rangeOf);
      ranges = cidrs;
      void tell();
    },
    setKnown(source, addresses) {
      known.set(source, new Set(addresses.map(oneForm)));
      void tell();
    },
    async learn(text) {
      const address = oneForm(text);
      const isNews = !has(address);
      learned.delete(address);
      learned.add(address);
      const [oldest] = learned;
      if (learned.size > MAX_LEARNED && oldest !== undefined) learned.delete(oldest);
      if (isNews) await tell();
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Resolvers, API server and names of reverse zones spell IPv6 addresses each in their way. */
const oneForm = (text: string): string => canonicalAddress(text) ?? text;
