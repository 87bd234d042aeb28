// Addresses that no session reaches, and such as are none of them.

import test from 'ava';
import { canonicalAddress } from '../../../control-plane/src/addresses/index.ts';
import { isNeverDialed } from '../../../control-plane/src/reach/never-dialed.ts';

const NEVER = [
  ...['0.0.0.0', '127.0.0.1', '127.255.255.255', '169.254.169.254', '169.254.1.1', '192.0.0.192', '224.0.0.1'],
  ...['239.255.255.255', '255.255.255.255', '100.100.100.200', '168.63.129.16', '::', '::1', '::127.0.0.1', 'ff02::1'],
  ...['fe80::1', 'fec0::1', 'fd00:ec2::254', 'fd20:ce::254', '64:ff9b::169.254.169.254', '64:ff9b:1::7f00:1'],
  ...['2002:7f00:1::', '2001::1', '::ffff:0:127.0.0.1', '100::1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe'],
];
for (const text of NEVER) {
  test(`never: ${text}`, (t) => t.true(isNeverDialed(canonicalAddress(text) ?? '')));
}
for (const address of ['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '8.8.8.8', 'fd00::1', '2001:db8::1']) {
  test(`not never: ${address}`, (t) => t.false(isNeverDialed(address)));
}
