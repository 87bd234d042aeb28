// What the word that is being typed may become. Names that only the cluster or the session process has are asked of others.

import { findCommand } from '../cli.ts';
import type { AnyCommand, Option, Options } from '../command.ts';
import { listOf, toConnectionFlags } from '../connection-options.ts';
import { COMMON_OPTIONS, optionsOf, spellingsOf } from '../known-options.ts';
import type { ConnectionFlags } from '../kubernetes/connection.ts';
import { readPlainWords } from '../read-plain-words.ts';
import { spellOutLetters } from '../spell-out-letters.ts';
import { COMMANDS } from './index.ts';
import { SHELLS } from './shells.ts';

export type Candidate = readonly [word: string, what?: string];
export type KindOfName = 'namespaces' | 'targets' | 'intercepts';
/** Asked only where such a name fits. */
export type AskNames = (kind: KindOfName, flags: ConnectionFlags) => Promise<readonly Candidate[]>;
/** `files`: the shell is to offer names of files. */
export type Completion = { readonly candidates: readonly Candidate[]; readonly files: boolean };

/** The last word is the one being typed. */
export async function completeWords(words: readonly string[], askNames: AskNames): Promise<Completion> {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? '';
  // What stands behind it is another program's command line.
  if (before.includes('--')) return { candidates: [], files: true };
  const found = findCommand(before);
  const options = found === undefined ? COMMON_OPTIONS : optionsOf(found.command);
  const spelledOut = (found?.rest ?? before).flatMap((word) => spellOutLetters(word, options));
  const { flag, start, complete } = splitLast(spelledOut, typed, options);
  const parsed = readPlainWords(complete, options) ?? {};
  const hasWord = listOf(parsed._).length > 0;
  const wanted = flag === undefined ? wantedWord(found?.command, { typed, hasWord, options }) : wantedValue(...flag);
  if (wanted === 'files') return { candidates: [], files: true };
  const candidates = typeof wanted === 'string' ? await askNames(wanted, toConnectionFlags(parsed)) : wanted;
  return { candidates: candidates.filter(([word]) => word.startsWith(start)), files: false };
}

type Wanted = readonly Candidate[] | KindOfName | 'files';
type Last = {
  /** The flag whose value is being typed. */
  readonly flag?: readonly [name: string, option: Option] | undefined;
  /** What candidates begin with: of `--output=j` the shell completes the `j`. */
  readonly start: string;
  /** The words before, without that flag. */
  readonly complete: readonly string[];
};

function splitLast(before: readonly string[], typed: string, options: Options): Last {
  const find = (flag: string) =>
    Object.entries(options).find(
      ([name, option]) => option.type !== 'boolean' && spellingsOf(name, option).includes(flag),
    );
  const [, joined = '', value = ''] = /^(--[^=]+)=(.*)$/s.exec(typed) ?? [];
  if (joined !== '') return { flag: find(joined), start: value, complete: before };
  const flag = find(before.at(-1) ?? '');
  return { flag, start: typed, complete: flag === undefined ? before : before.slice(0, -1) };
}

function wantedValue(name: string, { choices, value = '' }: Option): Wanted {
  if (choices !== undefined) return choices.map((choice) => [choice]);
  if (name === 'namespace' || name === 'tp-namespace') return 'namespaces';
  if (value === 'TARGET') return 'targets';
  return /^(FILE|FOLDER)/.test(value) ? 'files' : [];
}

type Situation = { readonly typed: string; readonly hasWord: boolean; readonly options: Options };

function wantedWord(command: AnyCommand | undefined, { typed, hasWord, options }: Situation): Wanted {
  if (typed.startsWith('-')) {
    const shown = Object.entries(options).filter(([, { hidden }]) => hidden !== true);
    return [...shown.map(([name, { describe }]): Candidate => [`--${name}`, describe]), ['--help', 'show this text']];
  }
  if (command === undefined)
    return COMMANDS.filter(({ hidden }) => hidden !== true).map(({ name, summary }) => [name, summary]);
  if (hasWord || command.words === undefined) return [];
  if (command.words === '[SHELL]') return SHELLS.map((shell) => [shell]);
  return command.words === 'NAME' ? 'targets' : 'intercepts';
}
