// The command line: turns words into one command and its arguments.

import type { AnyCommand, Arguments, Options } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { lastString, listOf, toConnectionFlags } from './connection-options.ts';
import { TpError } from './errors.ts';
import { COMMON_OPTIONS, optionsOf, spellingsOf } from './known-options.ts';
import type { ConnectionFlags } from './kubernetes/connection.ts';
import { findNearWord } from './near-word.ts';
import type { OutputFormat } from './output/printer.ts';
import { type ParsedWords, readPlainWords } from './read-plain-words.ts';
import { spellOutLetters } from './spell-out-letters.ts';
import { PROGRAM, usageError } from './usage-error.ts';

/** A command with what it was called with. */
export type Called = {
  readonly command: AnyCommand;
  readonly args: Arguments<Options>;
  readonly flags: ConnectionFlags;
  readonly format: OutputFormat;
  readonly verbose: boolean;
};

export type Invocation = { readonly kind: 'help'; readonly text: string } | ({ readonly kind: 'command' } & Called);

/** Throws USAGE. */
export async function parseCommandLine(words: readonly string[]): Promise<Invocation> {
  const { own, childCommand } = splitChildCommand(words);
  const meant = translateHabits(own);
  const found = findCommand(meant);
  if (found === undefined) return { kind: 'help', text: await helpWithoutCommand(meant) };
  const { command, rest } = found;
  const options = optionsOf(command);
  const spelledOut = rest.flatMap((word) => spellOutLetters(word, options));
  const parsed = readPlainWords(spelledOut, options) ?? (await leaveToYargs(command, spelledOut));
  if (typeof parsed === 'string') return { kind: 'help', text: parsed };
  const args = toArguments(command, parsed, childCommand);
  return {
    kind: 'command',
    command,
    args,
    flags: toConnectionFlags(parsed),
    format: lastString(parsed.output) === 'json' ? 'json' : 'text',
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

/** As kubectl and other programs are asked: `help COMMAND` is `COMMAND --help`, `--version` is `version`. */
function translateHabits(words: readonly string[]): readonly string[] {
  const at = firstPlainWord(words);
  if (at === undefined)
    return words.includes('--version') ? ['version', ...words.filter((word) => word !== '--version')] : words;
  return words[at] === 'help' ? translateHabits([...words.toSpliced(at, 1), '--help']) : words;
}

/** The first word that is not a flag or a flag's value names the command; two words for `helm install`. */
export function findCommand(words: readonly string[]): { command: AnyCommand; rest: string[] } | undefined {
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
  const takesValue = new Set(
    Object.entries(COMMON_OPTIONS).flatMap(([name, option]) =>
      option.type === 'boolean' ? [] : spellingsOf(name, option),
    ),
  );
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (takesValue.has(spellOutLetters(word, COMMON_OPTIONS).at(-1) ?? '')) at++;
    else if (!word.startsWith('-')) return at;
  }
  return undefined;
}

async function helpWithoutCommand(words: readonly string[]): Promise<string> {
  const { explainCommands } = await import('./read-by-yargs.ts');
  const at = firstPlainWord(words);
  // A mistyped flag comes first: the word may be its value.
  const help = await explainCommands(words.slice(0, at).flatMap((word) => spellOutLetters(word, COMMON_OPTIONS)));
  if (at !== undefined) throw unknownCommand(words[at] ?? '');
  return help;
}

/** Loaded only when needed: that takes as long as Node itself takes to start. */
async function leaveToYargs(command: AnyCommand, words: readonly string[]): Promise<ParsedWords | string> {
  const { readByYargs } = await import('./read-by-yargs.ts');
  return readByYargs(command, words);
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

function unknownCommand(word: string): TpError {
  const message = `There is no command "${word}".`;
  const names = COMMANDS.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  const meant = findNearWord(word, [...names, 'help']);
  if (meant !== undefined) return usageError(message, undefined, meant);
  return new TpError('USAGE', message, { hint: `Commands: ${names.join(', ')}. See: ${PROGRAM} --help` });
}
