// The command line as yargs reads it: help texts, mistakes, and whatever read-plain-words.ts leaves to it. The only file
// that knows yargs.

import yargs, { type Argv, type Options as YargsOption } from 'yargs';
import type { AnyCommand, Option, Options } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { connectionOptionsOf, OUTPUT_OPTIONS } from './known-options.ts';
import type { ParsedWords } from './read-plain-words.ts';
import { PROGRAM, usageError } from './usage-error.ts';

/** Sentences of yargs in our words. */
const SENTENCES = {
  'Not enough arguments following: %s': 'A flag needs a value: %s',
  'Invalid values:': 'A flag has a value that it does not understand:',
  'Argument: %s, Given: %s, Choices: %s': '%s is %s, it can be %s',
};

/** The help text without a command. Throws USAGE. */
export async function explainCommands(words: readonly string[]): Promise<string> {
  const overview = buildOverview();
  const read = await readBy(overview, words);
  return typeof read === 'string' ? read : overview.getHelp();
}

/** A text is the help that the words ask for. Throws USAGE. */
export function readByYargs(command: AnyCommand, words: readonly string[]): Promise<ParsedWords | string> {
  return readBy(buildCommandParser(command), words);
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

function buildOverview(): Argv {
  const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
  const parser = createParser('COMMAND').usage(
    `${PROGRAM} COMMAND [flags]\n\nYour laptop answers chosen requests of a shared cluster.`,
  );
  for (const { name, words, summary } of shown)
    parser.command(words === undefined ? name : `${name} ${words}`, summary);
  return parser.epilogue(
    `Flags of one command: ${PROGRAM} COMMAND --help. kubectl's connection flags work everywhere.`,
  );
}

function buildCommandParser(command: AnyCommand): Argv {
  const { name, words, summary, options, examples, takesCommand } = command;
  const usage = [PROGRAM, name, words, '[flags]', takesCommand ? '[-- CMD]' : undefined];
  const parser = createParser(name)
    .usage(`${usage.filter((word) => word !== undefined).join(' ')}\n\n${summary}`)
    .options(toYargs(options, 'Flags:'))
    .options(toYargs(connectionOptionsOf(command), 'Connection (as in kubectl):'));
  for (const [line, what] of examples) parser.example(line, what);
  return parser;
}

function createParser(command: string): Argv {
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
      .wrap(110)
      .fail((message, error) => {
        const said = message ?? error?.message ?? '';
        throw usageError(said.replaceAll(/\n\s*/g, ' '), command);
      })
  );
}

function toYargs(options: Options, group: string): Record<string, YargsOption> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, { ...toYargsOption(option), group }]),
  );
}

function toYargsOption({ type, alias, choices, describe, hidden, value }: Option): YargsOption {
  return {
    describe: value === undefined ? describe : `${describe} (${value})`,
    ...(type === 'boolean' ? { type } : { type: 'string', requiresArg: true }),
    ...(type === 'list' ? { array: true, nargs: 1 } : {}),
    ...(alias === undefined ? {} : { alias }),
    ...(choices === undefined ? {} : { choices: [...choices] }),
    ...(hidden ? { hidden } : {}),
  };
}
