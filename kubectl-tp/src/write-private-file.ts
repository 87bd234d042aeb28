// Writes files that hold secrets: only their owner can read them, and nobody can prepare the place they go to.

import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

/** Replaces what was there whole. Throws Node's error. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const written = `${path}.${randomUUID()}`;
  try {
    // Never through a link or into a file that is there already.
    await writeFile(written, text, { flag: 'wx', mode: 0o600 });
    await rename(written, path);
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
}
