// Runs the programs of the demo as a person would type them.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 180_000;

export type Shell = {
  /** Runs to the end; rejects with the command's own words when it fails. */
  run(command: string, ...args: string[]): Promise<string>;
  /** Runs with `input` on standard input. */
  feed(input: string, command: string, ...args: string[]): Promise<string>;
  /** Starts and resolves with the first match of `ready` in its output. */
  start(ready: RegExp, command: string, ...args: string[]): Promise<{ match: RegExpExecArray; process: ChildProcess }>;
};

export function createShell(env: NodeJS.ProcessEnv): Shell {
  return {
    async run(command, ...args) {
      const { stdout } = await run(command, args, { env, timeout: COMMAND_TIMEOUT_MS, maxBuffer: 16 << 20 }).catch(
        explain,
      );
      return stdout;
    },
    async feed(input, command, ...args) {
      const running = run(command, args, { env, timeout: COMMAND_TIMEOUT_MS });
      running.child.stdin?.end(input);
      return (await running.catch(explain)).stdout;
    },
    start: (ready, command, ...args) =>
      startUntil(ready, spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })),
  };
}

function explain(error: Error & { stderr?: string; cmd?: string }): never {
  throw new Error(`${error.cmd ?? 'command'} failed:\n${error.stderr || error.message}`, { cause: error });
}

function startUntil(ready: RegExp, child: ChildProcess): Promise<{ match: RegExpExecArray; process: ChildProcess }> {
  return new Promise((resolve, reject) => {
    let output = '';
    const onOutput = (bytes: Buffer) => {
      output += bytes;
      const match = ready.exec(output);
      if (match) resolve({ match, process: child });
    };
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}:\n${output}`)));
  });
}
