import test from 'ava';
import { type Lock, productionPackages } from '../../../lab/images/production-packages.ts';

const lock: Lock = {
  packages: {
    '': {},
    server: { dependencies: { a: '1', '@ours/words': '1' } },
    words: { dependencies: { b: '1' } },
    'node_modules/@ours/words': { link: true, resolved: 'words' },
    'node_modules/a': { dependencies: { b: '2' }, optionalDependencies: { absent: '1' }, peerDependencies: { p: '1' } },
    'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
    'node_modules/b': {},
    'node_modules/c': {},
    'node_modules/p': {},
    'node_modules/only-for-tests': {},
    'server/node_modules/c': {},
  },
};

test('takes what the workspace needs, through links, and nothing else', (t) => {
  t.deepEqual(productionPackages(lock, ['server']), [
    'node_modules/@ours/words',
    // Brings its own b along.
    'node_modules/a',
    'node_modules/b',
    'node_modules/c',
    'node_modules/p',
  ]);
});

test('a package of the workspace itself hides the one at the root', (t) => {
  const nested: Lock = { packages: { ...lock.packages, server: { dependencies: { c: '1' } } } };
  t.deepEqual(productionPackages(nested, ['server']), ['server/node_modules/c']);
});
