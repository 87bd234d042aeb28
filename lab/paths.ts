// Where things are: the checkout this file belongs to, and the cache that all checkouts on a machine share.

import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CHECKOUT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Node of the checkout, not the one that `npm` happens to run on. */
export const NODE: string = join(CHECKOUT, 'node_modules/node/bin/node');

export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kubectl-tp');
}
