// The session process: takes the socket, serves calls, and ends when asked, when replaced or when nobody needs it.

import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { json } from 'node:stream/consumers';
import { parseDuration } from '../duration.ts';
import { createCluster } from '../kubernetes/client.ts';
import { VERSION } from '../version.ts';
import { createHandlers } from './handlers.ts';
import { createIdleTimer } from './idle-timer.ts';
import { createLog, type Log } from './log.ts';
import { credentialsHash, type SessionFiles } from './paths.ts';
import { createSessionServer } from './server.ts';
import { createSession } from './session.ts';
import type { SessionStart } from './start.ts';
import { socketInode, takeSocket } from './takeover.ts';

const DEFAULT_IDLE = '5m';

/** Reads its SessionStart from standard input, says `ready` on standard output, logs to standard error. */
export async function runSessionProcess(): Promise<void> {
  const { connection, files } = (await json(process.stdin)) as SessionStart;
  const log = createLog((line) => void process.stderr.write(line));
  const session = createSession({
    cluster: createCluster(connection),
    installNamespace: connection.installNamespace,
    identityPath: files.identity,
    log,
  });
  const resumed = session.resume().catch((error) => log('the session was not resumed', { error: String(error) }));

  const credentials = credentialsHash(connection);
  const idle = createIdleTimer({
    idleMs: parseDuration(process.env.TP_SESSION_IDLE ?? DEFAULT_IDLE, 'TP_SESSION_IDLE'),
    isNeeded: () => (session.live()?.table.all().length ?? 0) > 0,
    onIdle: () => end('idle', () => session.end()),
  });
  const server = createSessionServer({
    handlers: createHandlers({ session, connection, files, resumed, quit: () => end('quit', async () => undefined) }),
    isMine: (request) => request.version === VERSION && request.credentials === credentials,
    onForeign: () => end('replaced', () => session.close()),
    onActivity: idle.note,
    log,
  });

  if (!(await takeSocket(server, files))) return finishStart(log, 'another process has the session');
  const inode = await socketInode(files.socket);
  const end = createEnding(server, { files, inode, log, idle });
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => end(name, () => session.close()));
  }
  finishStart(log, 'session process started');
}

/** The starter waits for this line only. */
function finishStart(log: Log, what: string): void {
  process.stdout.end('ready\n');
  log(what, { pid: process.pid, version: VERSION });
}

type EndingOptions = {
  files: SessionFiles;
  inode: bigint | undefined;
  log: Log;
  idle: { stop(): void };
};

/** Ends once, whatever comes first. The socket goes first, so that the next command starts a new process. */
function createEnding(server: Server, { files, inode, log, idle }: EndingOptions) {
  let ending = false;
  return async (why: string, leave: () => Promise<unknown>): Promise<void> => {
    if (ending) return;
    ending = true;
    log('session process ends', { why });
    idle.stop();
    server.close();
    if ((await socketInode(files.socket)) === inode) await rm(files.socket, { force: true });
    await leave().catch((error) => log('ending was incomplete', { error: String(error) }));
    process.exit(0);
  };
}
