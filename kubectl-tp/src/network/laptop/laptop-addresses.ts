// Which addresses the interface of a whole laptop may have. A closed list: the helper, which is root, takes no others.

import { overlaps, type Range, rangeOf } from '@kubectl-tp/control-plane/addresses';
import { type AddressPair, type NetworkAddresses, OWN_ADDRESSES } from '../network-addresses.ts';

/**
 * In order of preference. RFC 7335's range belongs to one machine, but a phone's network may use it on the laptop, too;
 * the others are private ones (RFC 2544, RFC 1918, RFC 6598) at ends where hardly anybody begins to count.
 */
const IPV4: readonly AddressPair[] = [
  OWN_ADDRESSES.ipv4,
  { program: '198.19.255.1', gateway: '198.19.255.2' },
  { program: '172.31.254.1', gateway: '172.31.254.2' },
  { program: '10.254.254.1', gateway: '10.254.254.2' },
  { program: '100.127.254.1', gateway: '100.127.254.2' },
];
/** Local prefixes drawn at random (RFC 4193). */
const IPV6: readonly AddressPair[] = [
  OWN_ADDRESSES.ipv6,
  { program: 'fd5e:91d0:27ab::1', gateway: 'fd5e:91d0:27ab::2' },
];

/** Undefined when all of them lie in `taken`: routes of the laptop and ranges of the cluster. */
export function chooseAddresses(taken: readonly Range[]): NetworkAddresses | undefined {
  const ipv4 = IPV4.find((pair) => isFree(pair, taken));
  const ipv6 = IPV6.find((pair) => isFree(pair, taken));
  return ipv4 === undefined || ipv6 === undefined ? undefined : { ipv4, ipv6 };
}

/** As they come from elsewhere. Undefined for any others than those of the list. */
export function parseLaptopAddresses(value: unknown): NetworkAddresses | undefined {
  const { ipv4, ipv6 } = (value ?? {}) as { readonly [K in keyof NetworkAddresses]?: Partial<AddressPair> };
  const known = (pairs: readonly AddressPair[], pair: Partial<AddressPair> | undefined) =>
    pairs.find(({ program, gateway }) => program === pair?.program && gateway === pair.gateway);
  const found = { ipv4: known(IPV4, ipv4), ipv6: known(IPV6, ipv6) };
  return found.ipv4 === undefined || found.ipv6 === undefined ? undefined : { ipv4: found.ipv4, ipv6: found.ipv6 };
}

function isFree({ program, gateway }: AddressPair, taken: readonly Range[]): boolean {
  const own = [program, gateway].map(rangeOf);
  return !taken.some((range) => own.some((address) => overlaps(range, address)));
}
