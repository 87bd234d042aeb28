// One form for each address, and ranges of them.

import test from 'ava';
import { canonicalAddress, isInRanges, parseExactRange, rangeOf } from '../../../control-plane/src/addresses/index.ts';

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
  t.is(isInRanges(address, ['192.0.2.0/24', range].map(rangeOf)), expected);
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

const NO_EXACT_RANGES = [
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0.1/8',
  '10.0.0.0/',
  '/8',
  'fd00::/129',
  'fd00::1/64',
  '10.0.0.0/-1',
];
for (const text of [
  ...NO_EXACT_RANGES,
  '::ffff:10.0.0.0/104',
  '::ffff:10.0.0.0/24',
  'a/8',
  '10.0.0.0/8/8',
  '010.0.0.0/8',
]) {
  test(`no range: ${text}`, (t) => t.is(parseExactRange(text), undefined));
}

test('where people may write less exactly, one address is a range, and what stands behind the length does not count', (t) => {
  t.deepEqual(rangeOf('10.0.0.1'), rangeOf('10.0.0.1/32'));
  t.deepEqual(rangeOf('10.1.2.3/8'), parseExactRange('10.0.0.0/8'));
  t.deepEqual(rangeOf('FD00::1/64'), parseExactRange('fd00::/64'));
  for (const text of ['10.0.0.0/33', 'a/8', '', '010.0.0.1']) t.throws(() => rangeOf(text));
});
