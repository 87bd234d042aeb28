// Starts the root helper in front of the person's terminal, where sudo asks for the password. The CLI's part.

import { spawn } from 'node:child_process';
import { TpError } from '../../errors.ts';
import { findProgram } from '../../find-program.ts';
import { HELPER_PROCESS_WORD } from '../../ipc/words.ts';
import { programPath } from '../../program-path.ts';
import { isRoot } from '../rootless/unshare.ts';

export type HelperStart = {
  /** What makes a command root's, with its options: `sudo`, `pkexec`, `doas -n`. Nothing is put in front for root. */
  readonly command: string;
  /** Of the session process. None: only repairs what a killed helper has left. */
  readonly socket?: string;
  readonly env: NodeJS.ProcessEnv;
};

/** Resolves when it runs in the background, or has repaired. */
export async function startHelper({ command, socket, env }: HelperStart): Promise<void> {
  const [program = '', ...parameters] = [
    ...(isRoot() ? [] : await privilegeWords(command, env)),
    process.execPath,
    '--',
    programPath(),
    HELPER_PROCESS_WORD,
    ...(socket === undefined ? [] : [socket]),
  ];
  // Its words are for the person; standard output is for our result.
  const child = spawn(program, parameters, { stdio: ['inherit', 2, 'inherit'], env });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new TpError('HELPER_REFUSED', `The root helper was not started (exit code ${code}).`, {
    hint: 'Without root: kubectl tp connect -- CMD, for one command',
  });
}

async function privilegeWords(command: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const words = command.split(' ').filter((word) => word !== '');
  const [program = ''] = words;
  if ((await findProgram(program, env)) === undefined) {
    throw new TpError('HELPER_MISSING', `Only root can change a laptop's network, and ${program} is not here.`, {
      hint: 'Name what makes you root: --helper-command doas. Without root: kubectl tp connect -- CMD, for one command',
    });
  }
  // What stands behind is sudo's and doas's own way to say that no options of theirs follow; pkexec knows none.
  return /(^|\/)(sudo|doas)$/.test(program) ? [...words, '--'] : words;
}
