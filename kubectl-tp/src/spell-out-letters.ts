// Flags of one letter that are written together, as kubectl (pflag) reads them. yargs takes each letter for a flag, `-nshop`
// for `-n -s -h -o -p`, and shows the help. Pure.

import type { Options } from './command.ts';
import { spellingsOf } from './known-options.ts';

/**
 * `-nshop` and `-n=shop` become `--namespace=shop`, `-Anshop` becomes `-A --namespace=shop`. All other words stay as they
 * are; what is wrong with a letter is said where flags are read.
 */
export function spellOutLetters(word: string, options: Options): string[] {
  const [, flag = '', attached = ''] = /^(-[^-])(.+)$/s.exec(word) ?? [];
  const found = Object.entries(options).find(([name, option]) => spellingsOf(name, option).includes(flag));
  if (found === undefined) return [word];
  const [name, { type }] = found;
  if (type !== 'boolean') return [`--${name}=${attached.replace(/^=/, '')}`];
  if (/^[=-]/.test(attached)) return [word];
  return [flag, ...spellOutLetters(`-${attached}`, options)];
}
