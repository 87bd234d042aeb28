// Finds the file of this program, for those who start it once more as another process.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TpError } from './errors.ts';

/**
 * main.ts in the sources, main.mjs in the bundle. Not `process.argv[1]`: a script of somebody else that uses this module
 * would start itself again and again.
 */
export function programPath(): string {
  const paths = ['./main.ts', './main.mjs'].map((relative) => fileURLToPath(new URL(relative, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new TpError('SESSION_PROCESS_FAILED', `The plugin lacks its program: looked for ${paths.join(', ')}.`, {
    hint: 'Install the plugin again: kubectl krew install tp',
  });
}
