// The command of a person, started by this one: terminal, signals and exit code pass as if the shell had started it.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Tools } from '../command.ts';
import { TpError } from '../errors.ts';
import { passSignals, toExitCode } from '../pass-signals.ts';

export type ChildCommand = {
  /** As shells tell it: 128 plus the number of the signal that ended it. Rejects with COMMAND_NOT_STARTED. */
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
};

/** `tools.signal` and signals to this process are passed on. */
export function startCommand(command: readonly string[], env: NodeJS.ProcessEnv, { signal }: Tools): ChildCommand {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit', env });
  passSignals(child);
  if (signal.aborted) child.kill('SIGTERM');
  return { exited: exitCode(child), kill: (name) => void child.kill(name) };
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `${child.spawnfile} can't be started: ${cause.message}`;
      reject(new TpError('COMMAND_NOT_STARTED', message, { hint: 'Check the command after --.', cause }));
    });
    child.once('close', (code, signal) => resolve(toExitCode(code, signal)));
  });
}
