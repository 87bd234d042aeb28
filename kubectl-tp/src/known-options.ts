// Which flags a command understands: its own, kubectl's connection flags, and those about output. Pure.

import type { AnyCommand, Option, Options } from './command.ts';
import { CONNECTION_OPTIONS } from './connection-options.ts';

export const OUTPUT_OPTIONS = {
  output: {
    type: 'string',
    alias: 'o',
    choices: ['text', 'json'],
    describe: 'how to print the result and errors',
  },
  quiet: { type: 'boolean', alias: 'q', describe: 'no progress on stderr' },
} as const satisfies Options;

export function optionsOf(command: AnyCommand): Options {
  return { ...OUTPUT_OPTIONS, ...command.options, ...connectionOptionsOf(command) };
}

/** What may stand before the command. */
export const COMMON_OPTIONS: Options = { ...OUTPUT_OPTIONS, ...CONNECTION_OPTIONS };

/** How a flag is typed: `--namespace`, `-n`. */
export function spellingsOf(name: string, { alias }: Option): string[] {
  const letter = name.length === 1 ? name : alias;
  return letter === undefined ? [`--${name}`] : [`--${name}`, `-${letter}`];
}

/** A command may use a letter for itself, as `quit -s` does. */
export function connectionOptionsOf({ options }: AnyCommand): Options {
  const free = ({ alias, ...rest }: Option): Option =>
    alias === undefined || Object.hasOwn(options, alias) ? rest : { ...rest, alias };
  return Object.fromEntries(Object.entries<Option>(CONNECTION_OPTIONS).map(([name, option]) => [name, free(option)]));
}
