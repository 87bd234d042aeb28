// Finds the file that a shell would run for a command.

import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { TpError } from './errors.ts';

/** Where execvp(3) looks without PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

export async function findProgram(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folders = name.includes('/') ? [''] : (env.PATH ?? DEFAULT_PATH).split(delimiter);
  for (const folder of folders) {
    const path = join(folder, name);
    if (name !== '' && (await isProgram(path))) return path;
  }
  return undefined;
}

/** Throws COMMAND_NOT_STARTED. No command at all is none that is missing. */
export async function assertProgram([program]: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (program === undefined || (await findProgram(program, env)) !== undefined) return;
  const message = `${program} can't be started: there is no such program, or it may not be executed.`;
  throw new TpError('COMMAND_NOT_STARTED', message, { hint: `Check the command after --: command -v ${program}` });
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
