// The one name of a folder that the kernel tells of it. What leads there by a link is known by another name.

import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * No link leads to the result; the folder itself, which may be one, is not looked at: it may be mounted, and its server
 * away. What is not there yet has the name that it will have.
 */
export async function realFolder(path: string): Promise<string> {
  const above = dirname(path);
  if (above === path) return path;
  return join(await realpath(above).catch(() => realFolder(above)), basename(path));
}
