// The session process: takes the socket, serves calls, and ends when asked, when replaced or when nobody needs it.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { json } from 'node:stream/consumers';
import { useSmallSlabs } from '@kubectl-tp/control-plane/process/small-slabs';
import { readDuration } from '../duration.ts';
import { credentialsOf, type SessionFiles } from '../ipc/paths.ts';
import type { SessionStart } from '../ipc/session-start.ts';
import { createCluster } from '../kubernetes/client.ts';
import { createLog, type Log } from '../log.ts';
import { VERSION } from '../version.ts';
import { createLiveOpener } from '../volumes/live/open-live-mounts.ts';
import { createVolumeBook } from '../volumes/volume-book.ts';
import { createHandlers } from './calls/handlers.ts';
import { createSessionServer } from './calls/server.ts';
import { createVolumeEnds } from './containers/volume-ends.ts';
import { createIdleTimer } from './idle-timer.ts';
import { createLaptopSlot } from './networks/laptop-slot.ts';
import { createSession } from './session.ts';
import { socketInode, takeSocket } from './takeover.ts';
import { watchUnusedThings } from './unused-things.ts';

const DEFAULT_IDLE = '5m';
/** A process that got no session, because of a wrong name or a missing right, does not stay. */
const UNUSED_MS = 2000;

/** Reads its SessionStart from standard input, says `ready` on standard output, logs to standard error. */
export async function runSessionProcess(): Promise<void> {
  useSmallSlabs();
  const { connection, files } = (await json(process.stdin)) as SessionStart;
  const log = createLog((line) => void process.stderr.write(line));
  const session = createSession({
    cluster: await createCluster(connection),
    installNamespace: connection.installNamespace,
    identityPath: files.identity,
    log,
  });
  const { cluster, installNamespace } = session;
  const openLive = createLiveOpener({ cluster, installNamespace, log });
  const volumes = createVolumeBook({ client: cluster.client, folder: files.volumes, openLive, log });
  const laptop = createLaptopSlot(session, log);
  /** Session and files stay, for another process; the laptop's network would be nobody's. */
  const close = async () => {
    // The next process takes the files up while the session's tunnels drain here.
    await volumes.close();
    await laptop.leave();
    await session.close();
  };
  const ends = createVolumeEnds({ session, volumes }, files.identity, log);
  const idleMs = readDuration(process.env.TP_SESSION_IDLE ?? DEFAULT_IDLE, 'TP_SESSION_IDLE');
  const idle = createIdleTimer({
    limitMs: () => (session.isClosed() ? UNUSED_MS : idleMs),
    isNeeded: () => session.isNeeded() || volumes.all().length > 0,
    // A session that could not be opened may be wanted later: its key stays.
    onIdle: () => end('idle', session.isClosed() ? close : async () => void (await session.end())),
  });
  const server = createSessionServer({
    handlers: createHandlers({
      session,
      volumes,
      laptop,
      ends,
      connection,
      files,
      quit: () => end('quit', async () => undefined),
    }),
    version: VERSION,
    credentials: credentialsOf(connection),
    onForeign: () => end('replaced', close),
    onActivity: idle.note,
    log,
  });
  const end = createEnding(server, { files, log });

  // May wait for a lock, longer than an unused process stays.
  const isFirst = await takeSocket(server, files);
  process.stdout.end('ready\n');
  if (!isFirst) process.exit(0);
  idle.start();
  log('session process started', { pid: process.pid, version: VERSION });
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => end(name, close));
  watchSocket(files.socket, () => end('another process has taken the socket', close));
  watchUnusedThings({ session, volumes }, log);
  // Nobody waits for this one.
  await ends.resume(new AbortController().signal);
}

/** Ends once, whatever comes first. The socket goes first, so that the next command starts a new process. */
function createEnding(server: Server, { files, log }: { files: SessionFiles; log: Log }) {
  let isEnding = false;
  return async (why: string, leave: () => Promise<void>): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    log('session process ends', { why });
    // Node removes the socket's file when its server closes.
    server.close();
    await leave().catch((error) => log('ending was incomplete', { error: String(error) }));
    if (!existsSync(files.identity) && !existsSync(files.socket)) await rm(files.log, { force: true });
    process.exit(0);
  };
}

const SOCKET_LOOK_MS = 5000;

/** Two processes on one session would take its tunnels from each other: the one whose socket is on disk stays. */
function watchSocket(path: string, onLost: () => void): void {
  const inode = socketInode(path);
  const look = async () => {
    if ((await socketInode(path)) !== (await inode)) onLost();
  };
  setInterval(() => void look(), SOCKET_LOOK_MS).unref();
}
