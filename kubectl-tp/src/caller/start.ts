// Finds the session process of a connection and starts it when it is not there.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { TpError } from '../errors.ts';
import { isAnswering } from '../ipc/is-answering.ts';
import { createSessionFolder, sessionFiles } from '../ipc/paths.ts';
import type { SessionStart } from '../ipc/session-start.ts';
import { SESSION_PROCESS_WORD } from '../ipc/words.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { programPath } from '../program-path.ts';
import { createSessionCaller, type SessionCaller } from './caller.ts';

export async function startSession(connection: Connection, env: NodeJS.ProcessEnv): Promise<SessionCaller> {
  const files = sessionFiles(connection, env);
  const start = () => startProcess({ connection, files }, env);
  createSessionFolder(env);
  if (!(await isAnswering(files.socket))) await start();
  return createSessionCaller(connection, files, start);
}

/** With `resume`, a process that was killed and has left something is started again; what never was is not started. */
export async function findSession(
  connection: Connection,
  env: NodeJS.ProcessEnv,
  { resume }: { resume: boolean },
): Promise<SessionCaller | undefined> {
  const { socket, identity, volumes } = sessionFiles(connection, env);
  if (!existsSync(dirname(socket))) return undefined;
  createSessionFolder(env);
  const isThere = (await isAnswering(socket)) || (resume && (existsSync(identity) || existsSync(volumes)));
  return isThere ? startSession(connection, env) : undefined;
}

/** Bytes that pass through live shortly; V8 would let them fill up to 16 MB three times over before it looks. */
export const YOUNG_GENERATION = '--max-semi-space-size=4';

/** It takes a fifth of a second; much longer where the machine has other work, or a killed one's lock is in its way. */
const START_TIMEOUT_MS = 30_000;

async function startProcess(start: SessionStart, env: NodeJS.ProcessEnv): Promise<void> {
  // Most commands find a process.
  const [{ spawn }, { open }] = await Promise.all([import('node:child_process'), import('node:fs/promises')]);
  const words = [YOUNG_GENERATION, '--', programPath(), SESSION_PROCESS_WORD, start.files.id];
  const log = await open(start.files.log, 'a', 0o600);
  try {
    const child = spawn(process.execPath, words, {
      detached: true,
      // The session outlives the folder it was started from.
      cwd: '/',
      env,
      stdio: ['pipe', 'pipe', log.fd],
    });
    // One that does not read it does not become ready.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(JSON.stringify(start));
    if (!(await becomesReady(child))) throw new Error('it ended, or was silent for too long');
    child.unref();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TpError('SESSION_PROCESS_FAILED', `The session process does not start: ${why}.`, {
      hint: `See why in ${start.files.log}`,
      cause,
    });
  } finally {
    await log.close();
  }
}

/** Rejects when the program cannot be started at all. */
async function becomesReady(child: ChildProcess): Promise<boolean> {
  const limit = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  try {
    const said = await Promise.race([firstLine(child.stdout), once(child, 'exit').then(() => '')]);
    return said.trim() === 'ready';
  } finally {
    clearTimeout(limit);
  }
}

async function firstLine(stream: Readable | null): Promise<string> {
  let said = '';
  for await (const chunk of stream ?? []) {
    said += String(chunk);
    if (said.includes('\n')) break;
  }
  return said;
}
