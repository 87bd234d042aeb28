// The Internet's checksum: from scratch (RFC 1071) and after a change (RFC 1624).

import type { Packet } from './packet.ts';

/** Sum of 16-bit words, to be folded. An odd last byte counts as if a zero followed. */
export function sumWords(buffer: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at + 1 < to; at += 2) sum += ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);
  return (to - from) % 2 === 0 ? sum : sum + ((buffer[to - 1] ?? 0) << 8);
}

/** What stands in a header for such a sum. */
export function checksumOf(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/** The checksum once words with the sum `before` have become words with the sum `after` (RFC 1624, equation 3). */
export function updateChecksum(checksum: number, before: number, after: number): number {
  return checksumOf((~checksum & 0xffff) + (0xffff - fold(before)) + after);
}

/** Over the transport's part and the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1), whose own checksum must be zero. */
export function transportChecksum({ buffer, bytes, addresses, addressBytes, transport, protocol }: Packet): number {
  const pseudo = sumWords(buffer, addresses, addresses + 2 * addressBytes) + protocol + (bytes - transport);
  return checksumOf(pseudo + sumWords(buffer, transport, bytes));
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
