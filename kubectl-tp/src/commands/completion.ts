// kubectl tp completion: kubectl completes a plugin by calling kubectl_complete-NAME; this prints that script.

import { type AnyCommand, defineCommand, type Options } from '../command.ts';
import { CONNECTION_OPTIONS } from '../connection-options.ts';

const SCRIPT = `#!/bin/sh
# kubectl calls this to complete "kubectl tp"; it must be executable and in PATH as kubectl_complete-tp.
exec kubectl-tp __complete -- "$@"
`;

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print the script by which kubectl completes "kubectl tp" in your shell',
  words: '[SHELL]',
  options: {},
  examples: [
    [
      'kubectl tp completion > ~/bin/kubectl_complete-tp && chmod +x ~/bin/kubectl_complete-tp',
      'for every shell that completes kubectl',
    ],
  ],
  async run({ printer }) {
    printer.raw(SCRIPT);
    return undefined;
  },
});

/** Answers in Cobra's protocol: one candidate per line, then `:` and a directive (4 = no file names). */
export const complete = defineCommand({
  name: '__complete',
  summary: 'Candidates for the last word',
  takesCommand: true,
  hidden: true,
  options: {},
  examples: [],
  async run({ printer }, { childCommand }) {
    const { COMMANDS } = await import('./index.ts');
    printer.raw(`${findCandidates(COMMANDS, childCommand).join('\n')}\n:4`);
    return undefined;
  },
});

/** The last word is the one being typed. */
export function findCandidates(commands: readonly AnyCommand[], words: readonly string[]): string[] {
  const typed = words.at(-1) ?? '';
  const command = commands.find(({ name }) => words.slice(0, -1).includes(name));
  const shown = commands.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  const options: Options = { ...command?.options, ...CONNECTION_OPTIONS };
  const flags = Object.entries(options).filter(([, { hidden }]) => hidden !== true);
  const candidates = typed.startsWith('-') ? flags.map(([name]) => `--${name}`) : command === undefined ? shown : [];
  return candidates.filter((candidate) => candidate.startsWith(typed));
}
