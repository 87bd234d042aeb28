// kubectl tp completion: kubectl completes a plugin by calling kubectl_complete-NAME; this prints that script.

import { defineCommand } from '../command.ts';
import { TpError } from '../errors.ts';
import { SHELLS } from './shells.ts';

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
  async run({ printer }, { words: [shell = SHELLS[0]] }) {
    if (!SHELLS.some((known) => known === shell)) {
      throw new TpError('USAGE', `There is no completion for ${shell}: the script needs /bin/sh.`, {
        hint: `One script is for all of ${SHELLS.join(', ')}: kubectl tp completion`,
      });
    }
    printer.raw(SCRIPT);
    return undefined;
  },
});

/** Answers in Cobra's protocol: one candidate per line, its description behind a tab, then `:` and a directive. */
export const complete = defineCommand({
  name: '__complete',
  summary: 'Candidates for the last word',
  takesCommand: true,
  hidden: true,
  options: {},
  examples: [],
  async run({ printer, env }, { childCommand }) {
    const [{ completeWords }, { createAskNames }] = await Promise.all([
      import('./complete-words.ts'),
      import('./ask-names.ts'),
    ]);
    const { candidates, files } = await completeWords(childCommand, createAskNames(env));
    const lines = candidates.map((parts) => parts.filter((part) => part !== undefined && part !== '').join('\t'));
    printer.raw([...lines, files ? DIRECTIVES.default : DIRECTIVES.noFiles].join('\n'));
    // Who did not answer in time would keep the process, and the prompt.
    process.stdout.write('', () => process.exit());
    return undefined;
  },
});

/** cobra.ShellCompDirective: what the shell does beside the candidates. */
const DIRECTIVES = { default: ':0', noFiles: ':4' } as const;
