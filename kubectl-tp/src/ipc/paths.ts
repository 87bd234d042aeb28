// Where a session process keeps its files, and which session process belongs to a connection.

import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TpError } from '../errors.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { MAX_SOCKET_PATH_BYTES } from '../socket-path.ts';

const SOCKET_ENDING = '.sock';

export type SessionFiles = {
  readonly id: string;
  readonly socket: string;
  readonly log: string;
  /** Held while a process takes the socket over. */
  readonly lock: string;
  /** The session's name and private key. */
  readonly identity: string;
  /** Where the root helper of this process connects. */
  readonly helper: string;
  /** Folder of the files of pods. */
  readonly volumes: string;
};

export function sessionFiles(connection: Connection, env: NodeJS.ProcessEnv): SessionFiles {
  const files = filesOf(sessionFolder(env), sessionId(connection));
  const { socket } = files;
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) {
    throw new TpError('SESSION_PROCESS_FAILED', `The path of the session's socket is too long: ${socket}`, {
      hint: 'Set XDG_RUNTIME_DIR to a shorter folder of yours.',
    });
  }
  return files;
}

/** Of all session processes that have a socket, whatever their connection. */
export function allSessionFiles(env: NodeJS.ProcessEnv): SessionFiles[] {
  const folder = sessionFolder(env);
  if (!existsSync(folder)) return [];
  const sockets = readdirSync(folder).filter((name) => name.endsWith(SOCKET_ENDING));
  return sockets.map((name) => filesOf(folder, name.slice(0, -SOCKET_ENDING.length)));
}

function filesOf(folder: string, id: string): SessionFiles {
  const path = (ending: string) => join(folder, `${id}${ending}`);
  return {
    id,
    socket: path(SOCKET_ENDING),
    log: path('.log'),
    lock: path('.lock'),
    identity: path('.identity.json'),
    helper: path('.root'),
    volumes: path('.volumes'),
  };
}

/** Makes the folder that only its owner may enter: who reaches the socket acts as this user. Throws if others may. */
export function createSessionFolder(env: NodeJS.ProcessEnv): void {
  const folder = sessionFolder(env);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What was there already may be somebody else's, or a link to it.
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
  throw new TpError('SESSION_PROCESS_FAILED', `The folder ${folder} is not one that only you can enter.`, {
    hint: `Look: ls -ld ${folder}; then: chmod 700 ${folder}, or set XDG_RUNTIME_DIR to a folder of yours.`,
  });
}

/**
 * Changes whenever the process would have to speak to the API server differently. Has secrets, of which the process on
 * the other side of the socket may have older ones only. It may see these: it is the same person's, since nobody else
 * enters the folder.
 */
export function credentialsOf({ cluster, user, impersonate, requestTimeoutMs }: Connection): string {
  return JSON.stringify([cluster, user, impersonate, requestTimeoutMs]);
}

/**
 * One process per API server, user and install. Names and files stand for the user rather than the credentials, so
 * that a renewed token belongs to the same session.
 */
function sessionId({ cluster, user, impersonate, installNamespace }: Connection): string {
  const who = [user.name, user.file, user.file === undefined ? user.value : undefined, impersonate];
  return shortDigest(JSON.stringify([cluster.value.server, who, installNamespace])).slice(0, 12);
}

function sessionFolder(env: NodeJS.ProcessEnv): string {
  const runtime = env.XDG_RUNTIME_DIR;
  return runtime ? join(runtime, 'kubectl-tp') : join(env.HOME ?? homedir(), '.kube', 'kubectl-tp');
}

/**
 * FNV-1a with 64 bits (RFC 9923), in hexadecimal digits: tells a person's few connections apart. To load node:crypto takes
 * a sixth of the time that Node takes to start, and every command needs this.
 */
function shortDigest(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
