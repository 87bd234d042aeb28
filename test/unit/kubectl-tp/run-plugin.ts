// The plugin as a child process, with a home folder of its own.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { waitFor } from '../../helpers/wait-for.ts';

const MAIN = fileURLToPath(new URL('../../../kubectl-tp/src/main.ts', import.meta.url));

export type Run = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type Plugin = {
  run(...words: string[]): Promise<Run>;
  /** Resolves when neither a process nor a file of a session is left. */
  leavesNothing(): Promise<void>;
};

export async function createPlugin(t: ExecutionContext, variables: NodeJS.ProcessEnv = {}): Promise<Plugin> {
  const home = await mkdtemp(join(tmpdir(), 'tp-home-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const env = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, ...variables };
  return {
    run: (...words) =>
      new Promise((resolve) => {
        const options = { env, timeout: 60_000 };
        const child = execFile(process.execPath, ['--', MAIN, ...words], options, (_error, stdout, stderr) => {
          resolve({ code: child.exitCode ?? 255, stdout, stderr });
        });
      }),
    leavesNothing: async () => {
      await waitFor('the session process has ended', async () => {
        const files = await readdir(join(home, 'kubectl-tp')).catch(() => []);
        return files.length === 0;
      });
    },
  };
}
