// Addresses in the values of an environment, and what only looks like one.

import test from 'ava';
import { translateAddresses } from '../../../kubectl-tp/src/environment/translate-addresses.ts';

const SHOWN: Readonly<Record<string, string>> = {
  '10.96.0.9': '198.18.0.9',
  'fd00::9': 'fd8c::9',
  '10.96.0.7': '198.18.0.7',
};
const shownOf = (address: string) => SHOWN[address] ?? address;

const TRANSLATED: Readonly<Record<string, string>> = {
  '10.96.0.9': '198.18.0.9',
  'fd00::9': 'fd8c::9',
  '[fd00::9]': '[fd8c::9]',
  '10.96.0.9:5432': '198.18.0.9:5432',
  '[fd00::9]:5432': '[fd8c::9]:5432',
  'tcp://10.96.0.9:80': 'tcp://198.18.0.9:80',
  'tcp://[fd00::9]:80': 'tcp://[fd8c::9]:80',
  'http://10.96.0.9': 'http://198.18.0.9',
  'HTTPS://10.96.0.9/a/10.96.0.9?b=10.96.0.9#c': 'HTTPS://198.18.0.9/a/10.96.0.9?b=10.96.0.9#c',
  'postgres://me:s@cret@10.96.0.9/db': 'postgres://me:s@cret@198.18.0.9/db',
  'jdbc:postgresql://10.96.0.9:5432/db': 'jdbc:postgresql://198.18.0.9:5432/db',
  'mongodb://10.96.0.9:27017,10.96.0.7:27017/db': 'mongodb://198.18.0.9:27017,198.18.0.7:27017/db',
  'postgres://u:p@10.96.0.9,10.96.0.7/db': 'postgres://u:p@198.18.0.9,198.18.0.7/db',
  '10.96.0.9:9092,10.96.0.7:9092': '198.18.0.9:9092,198.18.0.7:9092',
  '10.96.0.9, 10.1.1.1;10.96.0.7\n': '198.18.0.9, 10.1.1.1;198.18.0.7\n',
  'host=10.96.0.9 port=5432 sslmode=off': 'host=198.18.0.9 port=5432 sslmode=off',
  'see http://10.96.0.9 or http://10.96.0.7': 'see http://198.18.0.9 or http://198.18.0.7',
};
for (const [value, expected] of Object.entries(TRANSLATED)) {
  test(`translated: ${JSON.stringify(value)}`, (t) =>
    t.deepEqual(translateAddresses({ A: value }, shownOf), { A: expected }));
}

const AS_THEY_ARE = [
  ...['', ' ', '10.96.0.0/16', '10.96.0.9/32', '10.97.0.9', '110.96.0.9', '10.96.0.99', '10.96.0.9.1', 'v10.96.0.9'],
  ...[
    '10.96.0.9-rc1',
    'web-10.96.0.9',
    '10.96.0.9:http',
    'http://web/10.96.0.9',
    'http://x10.96.0.9',
    '10.96.0.9/',
    ':',
  ],
  ...['secret10.96.0.9', 'a:10.96.0.9', '::', 'http://web?to=10.96.0.9', 'http://10.96.0.9.example', '999.999.999.999'],
];
for (const value of AS_THEY_ARE) {
  test(`as it is: ${JSON.stringify(value)}`, (t) =>
    t.deepEqual(translateAddresses({ A: value }, shownOf), { A: value }));
}

test('where nothing stands for anything, nothing changes', (t) => {
  const variables = { ...TRANSLATED };
  t.deepEqual(
    translateAddresses(variables, (address) => address),
    variables,
  );
});

test('a megabyte without an address takes no longer than it is long', (t) => {
  const value = 'a1'.repeat(1 << 19);
  t.deepEqual(translateAddresses({ A: value }, shownOf), { A: value });
});
