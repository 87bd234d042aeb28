// The command line: turns words into one command and its arguments. The only file that knows yargs.

import yargs, { type Argv, type Options as YargsOption } from 'yargs';
import type { AnyCommand, Arguments, Option, Options } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { CONNECTION_OPTIONS, lastString, listOf, toConnectionFlags } from './connection-options.ts';
import { TpError } from './errors.ts';
import type { ConnectionFlags } from './kubernetes/connection.ts';
import type { OutputFormat } from './output/printer.ts';

export type Invocation =
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'command';
      readonly command: AnyCommand;
      readonly args: Arguments<Options>;
      readonly flags: ConnectionFlags;
      readonly format: OutputFormat;
      readonly verbose: boolean;
    };

const PROGRAM = 'kubectl tp';

const GLOBAL_OPTIONS = {
  output: {
    type: 'string',
    alias: 'o',
    choices: ['text', 'json'],
    describe: 'how to print the result and errors',
    value: 'FORMAT',
  },
  quiet: { type: 'boolean', alias: 'q', describe: 'no progress on stderr' },
} as const satisfies Options;

/** Sentences of yargs in our words. */
const SENTENCES = {
  'Not enough arguments following: %s': 'A flag needs a value: %s',
  'Invalid values:': 'A flag has a value that it does not understand:',
  'Argument: %s, Given: %s, Choices: %s': '%s is %s, it can be %s',
};

/** Throws USAGE. */
export async function parseCommandLine(words: readonly string[]): Promise<Invocation> {
  const { own, childCommand } = splitChildCommand(words);
  const found = findCommand(own);
  const parser = found === undefined ? buildOverview() : buildCommandParser(found.command);
  const rest = found?.rest ?? own;
  if (found === undefined && rest.some((word) => !word.startsWith('-'))) throw unknownCommand(rest);

  let help: string | undefined;
  const parsed = await parser.parseAsync(
    rest,
    {},
    (error: Error | null | undefined, _argv: unknown, output: string) => {
      if (error) throw error;
      if (output !== '') help = output;
    },
  );
  if (help !== undefined) return { kind: 'help', text: help };
  if (found === undefined) return { kind: 'help', text: await parser.getHelp() };

  const args = toArguments(found.command, parsed, childCommand);
  return {
    kind: 'command',
    command: found.command,
    args,
    flags: toConnectionFlags(parsed),
    format: parsed.output === 'json' ? 'json' : 'text',
    verbose: parsed.quiet !== true,
  };
}

/** What stands after the first `--` is not ours to read. */
function splitChildCommand(words: readonly string[]): { own: string[]; childCommand: string[] } {
  const at = words.indexOf('--');
  return at < 0
    ? { own: [...words], childCommand: [] }
    : { own: words.slice(0, at), childCommand: words.slice(at + 1) };
}

/** The first word that is not a flag or a flag's value names the command; two words for `helm install`. */
function findCommand(words: readonly string[]): { command: AnyCommand; rest: string[] } | undefined {
  const at = firstPlainWord(words);
  if (at === undefined) return undefined;
  for (const length of [2, 1]) {
    const name = words.slice(at, at + length).join(' ');
    const command = COMMANDS.find(({ name: own, aliases = [] }) => own === name || aliases.includes(name));
    if (command !== undefined) return { command, rest: words.toSpliced(at, length) };
  }
  return undefined;
}

function firstPlainWord(words: readonly string[]): number | undefined {
  const all: Options = { ...CONNECTION_OPTIONS, ...GLOBAL_OPTIONS };
  const takesValue = new Set(
    Object.entries(all).flatMap(([name, { type, alias }]) =>
      type === 'boolean'
        ? []
        : [`--${name}`, ...(name.length === 1 ? [`-${name}`] : []), ...(alias === undefined ? [] : [`-${alias}`])],
    ),
  );
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (takesValue.has(word)) at++;
    else if (!word.startsWith('-')) return at;
  }
  return undefined;
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

function buildCommandParser({ name, words, summary, options, examples, takesCommand }: AnyCommand): Argv {
  const line = [PROGRAM, name, words, '[flags]', takesCommand ? '[-- CMD]' : undefined];
  const parser = createParser(name)
    .usage(`${line.filter((word) => word !== undefined).join(' ')}\n\n${summary}`)
    .options(toYargs(options, 'Flags:'))
    .options(toYargs(withoutAliases(CONNECTION_OPTIONS, options), 'Connection (as in kubectl):'));
  for (const [command, what] of examples) parser.example(command, what);
  return parser;
}

/** A command may use a letter for itself, as `quit -s` does. */
function withoutAliases(options: Options, taken: Options): Options {
  const free = ({ alias, ...rest }: Option): Option =>
    alias === undefined || Object.hasOwn(taken, alias) ? rest : { ...rest, alias };
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, free(option)]));
}

function createParser(command: string): Argv {
  return (
    yargs()
      .scriptName(PROGRAM)
      .parserConfiguration({ 'camel-case-expansion': false, 'boolean-negation': false, 'parse-numbers': false })
      .options(toYargs(GLOBAL_OPTIONS, 'Output:'))
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

function toArguments(command: AnyCommand, parsed: Record<string, unknown>, childCommand: string[]): Arguments<Options> {
  const words = listOf(parsed._);
  const usage = (message: string) => usageError(message, command.name);
  if (command.words === undefined && words.length > 0)
    throw usage(`${command.name} takes no words: ${words.join(' ')}`);
  if (words.length > 1) throw usage(`${command.name} takes one word, not ${words.length}: ${words.join(' ')}`);
  if (command.words === 'NAME' && words.length === 0) throw usage(`${command.name} needs a NAME.`);
  if (!command.takesCommand && childCommand.length > 0) throw usage(`${command.name} takes no command after --.`);
  const values = Object.entries(command.options).map(([name, { type }]) => {
    if (type === 'boolean') return [name, parsed[name] === true];
    return [name, type === 'list' ? listOf(parsed[name]) : lastString(parsed[name])];
  });
  return { ...Object.fromEntries(values), words, childCommand };
}

function usageError(message: string, command: string): TpError {
  return new TpError('USAGE', message, { hint: `See: ${PROGRAM} ${command} --help` });
}

function unknownCommand(words: readonly string[]): TpError {
  const word = words.find((candidate) => !candidate.startsWith('-')) ?? '';
  const names = COMMANDS.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  return new TpError('USAGE', `There is no command "${word}".`, {
    hint: `Commands: ${names.join(', ')}. See: ${PROGRAM} --help`,
  });
}
