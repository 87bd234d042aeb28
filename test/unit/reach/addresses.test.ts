// One form for each address, ranges of them, and those that are never dialed.

import test from 'ava';
import { canonicalAddress } from '../../../control-plane/src/protocol/index.ts';
import { buildRanges, isInRanges, parseRange } from '../../../control-plane/src/reach/address-range.ts';
import { isNeverDialed } from '../../../control-plane/src/reach/never-dialed.ts';

const CANONICAL: Record<string, string> = {
  '10.0.0.7': '10.0.0.7',
  '2001:DB8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
  '2001:0db8::0001': '2001:db8::1',
  '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
  '::ffff:10.0.0.7': '10.0.0.7',
  '::FFFF:a00:7': '10.0.0.7',
  '0:0:0:0:0:ffff:a9fe:a9fe': '169.254.169.254',
  '::ffff:0:0': '0.0.0.0',
  '::': '::',
};
for (const [text, expected] of Object.entries(CANONICAL)) {
  test(`${text} is ${expected}`, (t) => t.is(canonicalAddress(text), expected));
}

const NOT_ONE = [
  ...['', ' ', 'localhost', 'web.shop.svc', '10.0.0', '127.1', '10.0.0.256', '010.0.0.1', '0x7f.0.0.1', '2130706433'],
  ...['10.0.0.7 ', '10.0.0.7\n', '10.0.0.7:80', '10.0.0.7/32', '[::1]', '::1%lo', 'fe80::1%eth0', '1::2::3', '::12345'],
  ...['::1]@[::2', '１０.0.0.7', '::ffff:10.0.0.7%1'],
];
for (const text of NOT_ONE) {
  test(`no address: ${JSON.stringify(text)}`, (t) => t.is(canonicalAddress(text), undefined));
}

const inRange = test.macro((t, address: string, range: string, expected: boolean) => {
  t.is(isInRanges(address, buildRanges(['192.0.2.0/24', range])), expected);
});
test('in range: the first', inRange, '10.8.0.0', '10.8.0.0/14', true);
test('in range: the last', inRange, '10.11.255.255', '10.8.0.0/14', true);
test('in range: before the first', inRange, '10.7.255.255', '10.8.0.0/14', false);
test('in range: after the last', inRange, '10.12.0.0', '10.8.0.0/14', false);
test('in range: one address', inRange, '10.8.0.1', '10.8.0.1/32', true);
test('in range: every IPv4 address, but no IPv6 one', inRange, '::a00:1', '0.0.0.0/0', false);
test('in range: every IPv6 address, but no IPv4 one', inRange, '10.0.0.1', '::/0', false);
test('in range: IPv6', inRange, 'fd00:0:0:7::1', 'fd00:0:0:7::/64', true);
test('in range: the next IPv6 network', inRange, 'fd00:0:0:8::1', 'fd00:0:0:7::/64', false);

const NO_RANGES = [
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0.1/8',
  '10.0.0.0/',
  '/8',
  'fd00::/129',
  'fd00::1/64',
  '10.0.0.0/-1',
];
for (const text of [...NO_RANGES, '::ffff:10.0.0.0/104', '::ffff:10.0.0.0/24', 'a/8', '10.0.0.0/8/8', '010.0.0.0/8']) {
  test(`no range: ${text}`, (t) => {
    t.is(parseRange(text), undefined);
    t.throws(() => buildRanges([text]), { instanceOf: TypeError });
  });
}

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
