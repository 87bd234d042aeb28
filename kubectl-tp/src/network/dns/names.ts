// Names as they stand in messages, in small letters and one character a byte, and the labels they consist of.

import { parseAddress } from '@kubectl-tp/control-plane/addresses';

/** `\x03www\x07example\x03com\x00` -> `['www', 'example', 'com']`. A label may have any characters, dots too. */
export function labelsOf(name: string): string[] {
  const labels: string[] = [];
  for (let at = 0; name.charCodeAt(at) > 0; at += 1 + name.charCodeAt(at)) {
    labels.push(name.slice(at + 1, at + 1 + name.charCodeAt(at)));
  }
  return labels;
}

export function nameOf(labels: readonly string[]): string {
  return `${labels.map((label) => String.fromCharCode(label.length) + label).join('')}\0`;
}

export function hasSuffix(labels: readonly string[], suffix: readonly string[]): boolean {
  const from = labels.length - suffix.length;
  return from >= 0 && suffix.every((label, index) => labels[from + index] === label);
}

/** The address that a name of a reverse zone stands for (RFC 1035, 3.5; RFC 3596, 2.5). */
export function addressOfReverseName(labels: readonly string[]): string | undefined {
  const digits = labels.slice(0, -2).toReversed();
  if (hasSuffix(labels, ['in-addr', 'arpa']) && digits.length === 4 && digits.every(isByte)) return digits.join('.');
  if (hasSuffix(labels, ['ip6', 'arpa']) && digits.length === 32 && digits.every((digit) => /^[0-9a-f]$/.test(digit))) {
    return digits.join('').replace(/....(?!$)/g, '$&:');
  }
  return undefined;
}

/** The other way round. `address` is canonical. */
export function reverseNameOf(address: string): string {
  if (!address.includes(':')) return `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  return `${[...parseAddress(address).toString('hex')].toReversed().join('.')}.ip6.arpa`;
}

const isByte = (text: string): boolean => /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) < 256;
