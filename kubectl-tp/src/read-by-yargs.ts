// The command line as yargs reads it: help texts, mistakes, and whatever read-plain-words.ts leaves to it. The only file
// that knows yargs.

import yargs, { type Argv, type Options as YargsOption } from 'yargs';
import type { AnyCommand, Option, Options } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { CONNECTION_OPTIONS } from './connection-options.ts';
import type { TpError } from './errors.ts';
import { COMMON_OPTIONS, connectionOptionsOf, OUTPUT_OPTIONS, optionsOf, spellingsOf } from './known-options.ts';
import { findNearWord } from './near-word.ts';
import type { ParsedWords } from './read-plain-words.ts';
import { PROGRAM, usageError } from './usage-error.ts';

declare module 'yargs' {
  interface Argv<T> {
    /** Documented by yargs, but its types do not know it. */
    usageConfiguration(configuration: { 'hide-types': boolean }): Argv<T>;
  }
}

/** Sentences of yargs in our words. */
const SENTENCES = {
  'Not enough arguments following: %s': '--%s needs a value.',
  'Invalid values:': 'A flag has a value that it does not understand:',
  'Argument: %s, Given: %s, Choices: %s': '--%s is %s, it can be %s',
};

/** The help text without a command. Throws USAGE. */
export async function explainCommands(words: readonly string[]): Promise<string> {
  const overview = buildOverview();
  const read = await readBy(overview, words).catch((error) => {
    throw unknownFlag(words, COMMON_OPTIONS) ?? error;
  });
  return typeof read === 'string' ? read : overview.getHelp();
}

/** A text is the help that the words ask for. Throws USAGE. */
export async function readByYargs(command: AnyCommand, words: readonly string[]): Promise<ParsedWords | string> {
  const read = await readBy(buildCommandParser(command), words).catch((error) => {
    throw unknownFlag(words, optionsOf(command), command.name) ?? error;
  });
  return typeof read === 'string' ? `${read}\n\n${formatExamples(command)}` : read;
}

async function readBy(parser: Argv, words: readonly string[]): Promise<ParsedWords | string> {
  let help: string | undefined;
  const parsed = await parser.parseAsync(
    words,
    {},
    (error: Error | null | undefined, _argv: unknown, output: string) => {
      if (error) throw error;
      if (output !== '') help = output;
    },
  );
  return help ?? parsed;
}

/** The first flag that is none, as it was typed: yargs tells its letters. */
function unknownFlag(words: readonly string[], options: Options, command?: string): TpError | undefined {
  const spellings = new Set([
    ...Object.entries(options).flatMap(([name, option]) => spellingsOf(name, option)),
    '--help',
    '-h',
  ]);
  const typed = words
    // A number may be a value with a sign.
    .filter((word) => /^-[^0-9]/.test(word))
    .map((word) => word.replace(/=.*/s, ''))
    .find((flag) => !spellings.has(flag));
  if (typed === undefined) return undefined;
  const names = Object.entries(options).flatMap(([name, { hidden }]) => (hidden ? [] : [name]));
  const meant = findNearWord(typed.replace(/^-+/, ''), [...names, 'help']);
  return usageError(`There is no flag ${typed}.`, command, meant === undefined ? undefined : `--${meant}`);
}

function buildOverview(): Argv {
  const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
  const parser = createParser().usage(
    `${PROGRAM} COMMAND [flags]\n\nYour laptop answers chosen requests of a shared cluster.`,
  );
  for (const { name, words, summary } of shown)
    parser.command(words === undefined ? name : `${name} ${words}`, summary);
  // Understood, but told with each command.
  for (const [name, option] of Object.entries<Option>(CONNECTION_OPTIONS))
    parser.option(name, { ...toYargsOption(option), hidden: true });
  return parser.epilogue(
    `Flags of one command: ${PROGRAM} COMMAND --help. kubectl's connection flags work everywhere.`,
  );
}

function buildCommandParser(command: AnyCommand): Argv {
  const { name, words, summary, options, takesCommand } = command;
  const usage = [PROGRAM, name, words, '[flags]', takesCommand ? '[-- CMD]' : undefined];
  return createParser(name)
    .usage(`${usage.filter((word) => word !== undefined).join(' ')}\n\n${summary}`)
    .options(toYargs(options, 'Flags:'))
    .options(toYargs(connectionOptionsOf(command), 'Connection (as in kubectl):'));
}

/** Not by yargs, which breaks lines where they are full: a command is to be copied. */
function formatExamples({ examples }: AnyCommand): string {
  return ['Examples:', ...examples.map(([line, what]) => `  # ${what}\n  ${line}`)].join('\n');
}

function createParser(command?: string): Argv {
  return (
    yargs()
      .scriptName(PROGRAM)
      .parserConfiguration({
        'camel-case-expansion': false,
        'boolean-negation': false,
        'parse-numbers': false,
        'parse-positional-numbers': false,
      })
      .options(toYargs(OUTPUT_OPTIONS, 'Output:'))
      .help('help', 'show this text')
      .alias('help', 'h')
      .group('help', 'Output:')
      .version(false)
      .strictOptions()
      .updateStrings(SENTENCES)
      .exitProcess(false)
      // A fixed width: the same help text everywhere, also in a pipe.
      .wrap(80)
      // The value's name says more than its type.
      .usageConfiguration({ 'hide-types': true })
      .fail((message, error) => {
        const said = message ?? error?.message ?? '';
        // A letter has one dash.
        throw usageError(said.replaceAll(/\n\s*/g, ' ').replaceAll(/(?<=^| )--(?=\S )/g, '-'), command);
      })
  );
}

function toYargs(options: Options, group: string): Record<string, YargsOption> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, { ...toYargsOption(option), group }]),
  );
}

function toYargsOption({ type, alias, choices, describe, hidden, value = choices?.join('|') }: Option): YargsOption {
  return {
    describe: value === undefined ? describe : `${value}: ${describe}`,
    ...(type === 'boolean' ? { type } : { type: 'string', requiresArg: true }),
    ...(type === 'list' ? { array: true, nargs: 1 } : {}),
    ...(alias === undefined ? {} : { alias }),
    ...(choices === undefined ? {} : { choices: [...choices] }),
    ...(hidden ? { hidden } : {}),
  };
}
