// Law: letters written together mean what they mean apart.

import test from 'ava';
import fc from 'fast-check';
import { COMMANDS } from '../../../kubectl-tp/src/commands/index.ts';
import { optionsOf, spellingsOf } from '../../../kubectl-tp/src/known-options.ts';
import { readPlainWords } from '../../../kubectl-tp/src/read-plain-words.ts';
import { spellOutLetters } from '../../../kubectl-tp/src/spell-out-letters.ts';

test('letters together mean what they mean apart', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...COMMANDS).chain(groups), ({ options, switches, taking, value, equals }) => {
      const together = `-${[...switches, taking].join('')}${equals ? '=' : ''}${value}`;
      const apart = [...switches.map((letter) => `-${letter}`), `-${taking}`, value];
      const read = readPlainWords(spellOutLetters(together, options), options);
      t.not(read, undefined, together);
      t.deepEqual(read, readPlainWords(apart, options), together);
    }),
  );
});

test('long flags, words and letters that nobody knows stay as they are', (t) => {
  const options = optionsOf(COMMANDS[0] as (typeof COMMANDS)[0]);
  for (const word of [
    '',
    '-',
    '--',
    '-n',
    '--n',
    '--namespace',
    '--nshop',
    'orders',
    '-1',
    '-5m',
    '-xyz',
    '-q-',
    '-q=x',
  ])
    t.deepEqual(spellOutLetters(word, options), [word]);
});

/** Any flags without value, one with, and a value. */
function groups(command: (typeof COMMANDS)[number]) {
  const options = optionsOf(command);
  const letters = (takesValue: boolean) =>
    Object.entries(options)
      .filter(([, { type, choices }]) => (type !== 'boolean') === takesValue && choices === undefined)
      .flatMap(([name, option]) => spellingsOf(name, option))
      .flatMap((flag) => (flag.length === 2 ? [flag.slice(1)] : []));
  return fc.record({
    options: fc.constant(options),
    switches: fc.array(fc.constantFrom(...letters(false)), { maxLength: 3 }),
    taking: fc.constantFrom(...letters(true)),
    value: fc.constantFrom('shop', '8080:80', 'x-dev=me', 'n', 'a b', 'é'),
    equals: fc.boolean(),
  });
}
