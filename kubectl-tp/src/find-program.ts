// Finds the file that a shell would run for a command.

import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

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

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
