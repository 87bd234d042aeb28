// Writes an environment to a file that only its owner can read: it may hold secrets.

import { TpError } from '../errors.ts';
import { writePrivateFile } from '../write-private-file.ts';
import { formatDocker } from './formats.ts';

/** Resolves with the names that the file can't hold. A file that was there is replaced whole. */
export async function writeEnvironmentFile(
  path: string,
  variables: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const { text, leftOut } = formatDocker(variables);
  try {
    await writePrivateFile(path, text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TpError('USAGE', `--env-file ${path} can't be written: ${why}`, {
      hint: 'Name a file in a folder of yours.',
      cause,
    });
  }
  return leftOut;
}
