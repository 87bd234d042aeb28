// Calls other programs and waits for them. Daemons are started elsewhere (processes.ts).

import { type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LabError } from './errors.ts';

export type RunOptions = Pick<SpawnOptions, 'cwd' | 'env'> & { input?: string | Readable | undefined };

/** Standard output of a program that must succeed; its standard error becomes the error's message. */
export async function capture(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(command, args, options);
  if (code === 0) return stdout;
  throw new LabError('LAB_COMMAND_FAILED', `${command} ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
}

/** True when the program ended with exit code 0. */
export async function succeeds(command: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
  return (await runToEnd(command, args, options)).code === 0;
}

/** Runs a program on this terminal and hands back its exit code. */
export function runOnTerminal(command: string, args: readonly string[], options: RunOptions = {}): Promise<number> {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

type Ended = { code: number | string; stdout: string; stderr: string };

async function runToEnd(command: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'));
  });
  const fed = feed(options.input, child.stdin);
  const code = await ended;
  await fed;
  return { code, stdout: Buffer.concat(output).toString(), stderr: Buffer.concat(errors).toString() };
}

async function feed(input: string | Readable | undefined, stdin: NodeJS.WritableStream): Promise<void> {
  const source = typeof input === 'object' ? input : [input ?? ''];
  // A program that ends without reading all of its input has said why by its exit code.
  await pipeline(source, stdin).catch(() => undefined);
}
