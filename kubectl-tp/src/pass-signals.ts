// What a process does that stands between a terminal and the command that somebody runs there.

import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
/** A terminal sends these to the command by itself. */
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT'];

/** A signal to us alone is passed on, the first and later ones; none of them ends us before the command. */
export function passSignals(child: ChildProcess): void {
  const pass = (name: NodeJS.Signals) => {
    const hasIt = FROM_TERMINAL.includes(name) && isatty(0);
    if (!hasIt) child.kill(name);
  };
  for (const name of PASSED_ON) process.on(name, pass);
  child.once('exit', () => {
    for (const name of PASSED_ON) process.off(name, pass);
  });
}

/** As shells tell it: 128 plus the number of the signal. */
export function toExitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
