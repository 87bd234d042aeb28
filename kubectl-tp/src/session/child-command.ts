// The command of a person, started by this one: terminal, signals and exit code pass as if the shell had started it.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Tools } from '../command.ts';
import { TpError } from '../errors.ts';

export type ChildCommand = {
  /** As shells tell it: 128 plus the number of the signal that ended it. Rejects with COMMAND_NOT_STARTED. */
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
};

/** `tools.signal` and signals to this process are passed on. */
export function startCommand(command: readonly string[], env: NodeJS.ProcessEnv, tools: Tools): ChildCommand {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit', env });
  passSignals(child, tools.signal);
  return { exited: exitCode(child), kill: (signal) => void child.kill(signal) };
}

/** A terminal sends Ctrl-C to the command by itself; a signal to us alone is passed on, the first and later ones. */
export function passSignals(child: ChildProcess, signal: AbortSignal): void {
  const pass = (name: NodeJS.Signals) => void (process.stdin.isTTY && name === 'SIGINT' ? undefined : child.kill(name));
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, pass);
  child.once('close', () => {
    for (const name of names) process.off(name, pass);
  });
  if (signal.aborted) child.kill('SIGTERM');
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `${child.spawnfile} can't be started: ${cause.message}`;
      reject(new TpError('COMMAND_NOT_STARTED', message, { hint: 'Check the command after --.', cause }));
    });
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
