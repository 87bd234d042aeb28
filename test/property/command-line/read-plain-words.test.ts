// Law: what is read without yargs is read as yargs reads it.

import test from 'ava';
import fc from 'fast-check';
import type { AnyCommand } from '../../../kubectl-tp/src/command.ts';
import { COMMANDS } from '../../../kubectl-tp/src/commands/index.ts';
import { lastString, listOf } from '../../../kubectl-tp/src/connection-options.ts';
import { optionsOf } from '../../../kubectl-tp/src/known-options.ts';
import { readByYargs } from '../../../kubectl-tp/src/read-by-yargs.ts';
import { type ParsedWords, readPlainWords } from '../../../kubectl-tp/src/read-plain-words.ts';

const VALUES = [
  'help',
  'web',
  'json',
  'text',
  'pod',
  'fail',
  '8080',
  '08',
  '1e3',
  '8080:http',
  'x-dev=me',
  'a=b=c',
  'a b',
  'é',
  '.',
];
const ODD = [
  '',
  '-',
  '-1',
  '--',
  '"q"',
  "'q'",
  '"',
  'true',
  'false',
  ' x',
  '=',
  '=x',
  '[a]',
  'a.b',
  '__proto__',
  'x\ny',
];

test('plain words mean what they mean to yargs', async (t) => {
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(lines(), async ({ command, words }) => {
      const read = readPlainWords(words, optionsOf(command));
      if (read === undefined) return;
      plain++;
      const expected = await readByYargs(command, words);
      t.not(typeof expected, 'string', `help: ${JSON.stringify(words)}`);
      t.deepEqual(meaningOf(command, read), meaningOf(command, expected as ParsedWords), JSON.stringify(words));
    }),
    { numRuns: 600 },
  );
  t.true(plain > 100, `only ${plain} lines were plain`);
});

/** Command lines of flags that a command knows, in all spellings, and words of any kind. */
function lines(): fc.Arbitrary<{ command: AnyCommand; words: string[] }> {
  return fc.constantFrom(...COMMANDS).chain((command) => {
    const names = Object.entries(optionsOf(command)).flatMap(([name, { alias }]) => [name, alias ?? name]);
    const value = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...VALUES) }, fc.constantFrom(...ODD), fc.string());
    const flag = fc.constantFrom(...names).map((name) => (name.length === 1 ? `-${name}` : `--${name}`));
    const part = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(flag, value).map((words) => words) },
      { weight: 2, arbitrary: fc.tuple(flag, value).map((words) => [words.join('=')]) },
      fc.tuple(flag, value).map((words) => [words.join('')]),
      fc.tuple(value),
      fc.tuple(flag),
    );
    return fc.array(part, { maxLength: 4 }).map((parts) => ({ command, words: parts.flat() }));
  });
}

/** What the program takes from it. */
function meaningOf(command: AnyCommand, parsed: ParsedWords): object {
  const values = Object.entries(optionsOf(command)).map(([name, { type }]) => {
    if (type === 'boolean') return [name, parsed[name] === true];
    return [name, type === 'list' ? listOf(parsed[name]) : lastString(parsed[name])];
  });
  return { ...Object.fromEntries(values), words: listOf(parsed._) };
}
