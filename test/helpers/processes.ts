// Processes of tests: started as somebody, run to their end, and found by what they were started with.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** Nobody's. */
export const ORDINARY_ID = 65_534;
/** Words in front of a command that an ordinary user runs. */
export const AS_ORDINARY_USER: readonly string[] = [
  'setpriv',
  ...['--reuid', `${ORDINARY_ID}`, '--regid', `${ORDINARY_ID}`, '--clear-groups'],
  '--',
];

/** `code` is null when a signal ended it. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Output = {
  /** What it has printed so far. */
  stdout(): string;
  /** Rejects when the program could not be started. */
  readonly ended: Promise<Ended>;
};

/** Without standard input; killed after `timeoutMs`. */
export function runToEnd(
  [program = '', ...parameters]: readonly string[],
  { env = process.env, timeoutMs }: { env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Ended> {
  const child = spawn(program, parameters, { env, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
  return collectOutput(child).ended;
}

export function collectOutput(child: ChildProcess): Output {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return {
    stdout: () => stdout,
    ended: once(child, 'close').then(([code]) => ({ code, stdout, stderr })),
  };
}

/** Pids of everything that was started with that variable in its environment. */
export function processesWith(name: string, value: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => readProcess(pid, 'environ').split('\0').includes(`${name}=${value}`))
    .map(Number);
}

/** A file of /proc; empty when the process has ended. */
export function readProcess(pid: number | string, file: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
