// For each syntax a reader by that program's own rules: what is written is read back, whatever the value.

import test from 'ava';
import fc from 'fast-check';
import { type EnvironmentSyntax, formatEnvironment } from '../../../kubectl-tp/src/environment/formats.ts';

type Reader = (text: string) => Record<string, string>;

/** Of characters that mean something to one of the programs, and of any others. */
const VALUE = fc
  .array(
    fc.oneof(
      fc.constantFrom(...`'"\\\`$!%^&|<>#=;(){}[]~* \t\n\r\x1b‘’‚‛nrtv0`),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''))
  .filter((value) => !value.includes('\0') && value.isWellFormed());
const VARIABLES = fc.dictionary(
  fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/).map((name) => `V${name}`),
  VALUE,
);

const roundTrip = test.macro({
  exec: (t, syntax: EnvironmentSyntax, read: Reader) => {
    fc.assert(
      fc.property(VARIABLES, (variables) => {
        const { text, leftOut } = formatEnvironment(syntax, variables);
        const expected = Object.entries(variables).filter(([name]) => !leftOut.includes(name));
        t.deepEqual(read(text), Object.fromEntries(expected));
      }),
      { numRuns: 500 },
    );
  },
  title: (_, syntax: EnvironmentSyntax) => `${syntax} is read back unchanged`,
});

/** bufio.ScanLines takes one \r off a line's end; lines are trimmed at their beginning; comments and empty lines go. */
test(roundTrip, 'docker', (text) => {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').trimStart());
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    entries.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
});

/** Double quotes end at the first quote without a backslash before it; a plain dollar sign would begin a variable. */
test(roundTrip, 'compose', (text) => {
  const values: Record<string, string> = {};
  const statement = /([A-Za-z0-9_.]+)="((?:\\.|[^"\\$])*)"\n/sy;
  for (let match = statement.exec(text); match !== null; match = statement.exec(text)) {
    const [, name = '', quoted = ''] = match;
    const unescaped = quoted.replaceAll(/\\([nr$"\\])/g, (_, one: string) => ESCAPES[one] ?? one);
    values[name] = unescaped;
  }
  return values;
});
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r' };

/** POSIX: words of single-quoted parts and of single characters after a backslash. */
test(roundTrip, 'sh', (text) => readWords(text, /export /y, { separator: '=', isSpecial: () => false }));

/** In single quotes of csh a backslash counts before ! and a line break only. */
test(roundTrip, 'csh', (text) =>
  readWords(text, /setenv /y, { separator: ' ', isSpecial: (next) => next === '!' || next === '\n' }),
);

/** In single quotes of fish a backslash counts before itself and the quote. */
test(roundTrip, 'fish', (text) =>
  readWords(text, /set -gx /y, { separator: ' ', isSpecial: (next) => next === '\\' || next === "'" }),
);

type Rules = { readonly separator: string; readonly isSpecial: (next: string) => boolean };

function readWords(text: string, command: RegExp, { separator, isSpecial }: Rules): Record<string, string> {
  const values: Record<string, string> = {};
  let at = 0;
  while (at < text.length) {
    command.lastIndex = at;
    if (!command.test(text)) throw new Error(`no command at ${JSON.stringify(text.slice(at, at + 20))}`);
    const end = text.indexOf(separator, command.lastIndex);
    const name = text.slice(command.lastIndex, end);
    let value = '';
    let isQuoted = false;
    for (at = end + 1; isQuoted || text[at] !== '\n'; at++) {
      const character = text[at];
      const next = text[at + 1] ?? '';
      if (character === undefined) throw new Error('a quote is not closed');
      if (!isQuoted && character === '\\') value += text[++at];
      else if (isQuoted && character === '\\' && isSpecial(next)) value += text[++at];
      else if (character === "'") isQuoted = !isQuoted;
      else if (isQuoted) {
        // Both csh and its users end a command at a plain line break; history is looked for everywhere.
        if (isSpecial(character) && character !== '\\') throw new Error(`a plain ${JSON.stringify(character)}`);
        value += character;
      } else throw new Error(`${character} outside of quotes`);
    }
    at++;
    values[name] = value;
  }
  return values;
}

/** PowerShell: two of its single quotes (five characters count as such) are one of them. */
test(roundTrip, 'ps', (text) => {
  const values: Record<string, string> = {};
  const statement = /\$\{Env:([^}]+)\} = '((?:[^'‘-‛]|['‘-‛]['‘-‛])*)'\n/y;
  for (let match = statement.exec(text); match !== null; match = statement.exec(text)) {
    const [, name = '', quoted = ''] = match;
    values[name] = quoted.replaceAll(/(['‘-‛])['‘-‛]/g, '$1');
  }
  return values;
});

/**
 * cmd: %% is one percent sign; a caret outside of quotes escapes what follows; & | < > outside of quotes end the command;
 * set takes what stands between the first quote and the last.
 */
test(roundTrip, 'cmd', (text) => {
  const lines = text.split('\n').slice(0, -1);
  return Object.fromEntries(
    lines.map((line) => {
      const expanded = line
        .replaceAll('%%', '\u0001')
        .replaceAll('%', () => refuse('a plain %'))
        .replaceAll('\u0001', '%');
      let isQuoted = false;
      let command = '';
      for (let at = 0; at < expanded.length; at++) {
        const character = expanded[at] ?? '';
        if (character === '"') isQuoted = !isQuoted;
        if (!isQuoted && character === '^') command += expanded[++at] ?? '';
        else if (!isQuoted && '&|<>'.includes(character)) refuse(`a plain ${character}`);
        else command += character;
      }
      const inner = command.slice(command.indexOf('"') + 1, command.lastIndexOf('"'));
      return [inner.slice(0, inner.indexOf('=')), inner.slice(inner.indexOf('=') + 1)];
    }),
  );
});

function refuse(message: string): never {
  throw new Error(message);
}
