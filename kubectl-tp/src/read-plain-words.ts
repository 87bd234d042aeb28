// Reads flags in their plain spellings, which nearly all command lines have: `--name value`, `--name=value`, `-n value`,
// `--flag`. Everything else is left to yargs, which takes as long to load as Node itself: help, mistakes. Letters written
// together are spelled out before (spell-out-letters.ts). Pure.

import type { Option, Options } from './command.ts';
import { spellingsOf } from './known-options.ts';

/** By name of the option; `_` has the words that are no flags. */
export type ParsedWords = Readonly<Record<string, unknown>>;

/** Undefined for what yargs is to read. */
export function readPlainWords(words: readonly string[], options: Options): ParsedWords | undefined {
  const names = new Map(
    Object.entries(options).flatMap(([name, option]) => spellingsOf(name, option).map((flag) => [flag, name])),
  );
  const plainWords: string[] = [];
  const parsed: Record<string, string | boolean | string[]> = { _: plainWords };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-')) {
      plainWords.push(word);
      continue;
    }
    const [flag = '', joined] = splitOnce(word);
    const name = names.get(flag);
    const option = name === undefined ? undefined : options[name];
    if (name === undefined || option === undefined) return undefined;
    if (option.type === 'boolean') {
      // yargs takes a word like `true` behind it for its value.
      if (joined !== undefined || rest[0] === 'true' || rest[0] === 'false') return undefined;
      parsed[name] = true;
      continue;
    }
    const value = joined ?? rest.shift();
    if (value === undefined || !isPlainValue(value, option)) return undefined;
    const before = parsed[name];
    parsed[name] = option.type === 'list' ? [...(Array.isArray(before) ? before : []), value] : value;
  }
  // yargs explains the command then.
  return plainWords.at(-1) === 'help' ? undefined : parsed;
}

/** Only `--name=value`: a letter with its value behind it has rules of its own. */
function splitOnce(word: string): [flag: string, joined?: string] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** An empty value, one that looks like a flag, one in quotes: yargs has opinions about them. */
function isPlainValue(value: string, { choices }: Option): boolean {
  return /^[^-"'\s]/.test(value) && (choices === undefined || choices.includes(value));
}
