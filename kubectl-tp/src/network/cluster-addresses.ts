// Which addresses belong to the cluster: its ranges, where the user may see them, and every single address that the
// cluster has named: in its Services and pods, and in answers of its resolver.

import { BlockList, isIPv6 } from 'node:net';

export type ClusterAddresses = {
  has(address: string): boolean;
  /** CIDRs, for people. */
  readonly ranges: readonly string[];
  setRanges(cidrs: readonly string[]): void;
  /** Addresses that one source knows now; they take the place of what it knew before. */
  setKnown(source: string, addresses: readonly string[]): void;
  /** The resolver of the cluster has named it. */
  learn(address: string): void;
};

/** The oldest is forgotten first: a program looks up what it talks to. */
const MAX_LEARNED = 10_000;

export function createClusterAddresses(): ClusterAddresses {
  const known = new Map<string, ReadonlySet<string>>();
  const learned = new Set<string>();
  let ranges: readonly string[] = [];
  let list = new BlockList();
  return {
    has(address) {
      if (learned.has(address) || [...known.values()].some((addresses) => addresses.has(address))) return true;
      return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    },
    get ranges() {
      return ranges;
    },
    setRanges(cidrs) {
      const next = new BlockList();
      for (const cidr of cidrs) {
        const [network = '', bits] = cidr.split('/');
        next.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4');
      }
      list = next;
      ranges = cidrs;
    },
    setKnown: (source, addresses) => void known.set(source, new Set(addresses)),
    learn(address) {
      learned.delete(address);
      learned.add(address);
      const [oldest] = learned;
      if (learned.size > MAX_LEARNED && oldest !== undefined) learned.delete(oldest);
    },
  };
}
