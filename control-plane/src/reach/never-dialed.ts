// Addresses that no session reaches through a relay, whatever its owner may do and whatever an install allows: they lead
// to the relay's own machine, or to services that trust whoever stands on it. Pure.

import { isInRanges, rangeOf } from '../addresses/index.ts';

const NEVER = [
  // Special-purpose addresses of IPv4 (RFC 6890): this host (Linux takes it for loopback), loopback, link-local with the
  // metadata services of most clouds, protocol assignments (Oracle's metadata is there), multicast, reserved.
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Metadata services elsewhere: Alibaba Cloud, Azure, AWS, Google Cloud.
  '100.100.100.200/32',
  '168.63.129.16/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  // IPv6: unspecified, loopback and IPv4-compatible (RFC 4291), discard (RFC 6666), link-local and site-local, multicast.
  '::/96',
  '100::/64',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
  // IPv4 addresses inside of IPv6 ones, any of which could be one of the above: translated (RFC 2765, 6052, 8215), Teredo
  // (RFC 4380), 6to4 (RFC 3056). Mapped ones are IPv4 addresses by now.
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
].map(rangeOf);

/** `address` is canonical. */
export function isNeverDialed(address: string): boolean {
  return isInRanges(address, NEVER);
}
