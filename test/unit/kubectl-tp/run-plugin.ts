// The plugin as a child process, with a home folder of its own.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { type Ended, runToEnd } from '../../helpers/processes.ts';
import { waitFor } from '../../helpers/wait-for.ts';

export const MAIN = fileURLToPath(new URL('../../../kubectl-tp/src/main.ts', import.meta.url));

export type Plugin = {
  run(...words: string[]): Promise<Ended>;
  /** Resolves when neither a process nor a file of a session is left. */
  leavesNothing(): Promise<void>;
};

export async function createPlugin(t: ExecutionContext, variables: NodeJS.ProcessEnv = {}): Promise<Plugin> {
  const home = await mkdtemp(join(tmpdir(), 'tp-home-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const env = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, ...variables };
  return {
    run: (...words) => runToEnd([process.execPath, '--', MAIN, ...words], { env, timeoutMs: 60_000 }),
    leavesNothing: async () => {
      await waitFor('the session process has ended', async () => {
        const files = await readdir(join(home, 'kubectl-tp')).catch(() => []);
        return files.length === 0;
      });
    },
  };
}
