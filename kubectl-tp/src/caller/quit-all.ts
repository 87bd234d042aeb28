// Ends session processes without knowing their connections: those of clusters that are gone, with their kubeconfigs.

import type { QuitResult } from '../ipc/intercept-messages.ts';
import { allSessionFiles } from '../ipc/paths.ts';
import { VERSION } from '../version.ts';
import { type CallOptions, exchange } from './exchange.ts';

/** One after the other. Throws SESSION_PROCESS_LOST for one of another version. */
export async function quitAll(env: NodeJS.ProcessEnv, options: CallOptions): Promise<QuitResult[]> {
  const results: QuitResult[] = [];
  for (const files of allSessionFiles(env)) {
    // Served without credentials, as a command is that runs already.
    const request = { verb: 'quit', arguments: {}, version: VERSION, credentials: '', again: true } as const;
    const held = await exchange(files, request, options);
    // A killed one's socket.
    if (held === 'not served') continue;
    await held.end();
    results.push(held.result);
  }
  return results;
}
