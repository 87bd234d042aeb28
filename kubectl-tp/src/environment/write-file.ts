// Writes an environment to a file that only its owner can read: it may hold secrets.

import { TpError } from '../errors.ts';
import { type EnvironmentSyntax, formatEnvironment, type Variables } from './formats.ts';

type File = {
  readonly path: string;
  /** The flag that named it. */
  readonly flag: string;
  readonly syntax: EnvironmentSyntax;
};

/** Resolves with the names that the file can't hold. A file that was there is replaced whole. */
export async function writeEnvironmentFile(
  { path, flag, syntax }: File,
  variables: Variables,
): Promise<readonly string[]> {
  const { text, leftOut } = formatEnvironment(syntax, variables);
  // Every intercept loads this module, few write a file.
  const { writePrivateFile } = await import('../write-private-file.ts');
  try {
    await writePrivateFile(path, text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TpError('USAGE', `${flag} ${path} can't be written: ${why}`, {
      hint: 'Name a file in a folder of yours.',
      cause,
    });
  }
  return leftOut;
}
