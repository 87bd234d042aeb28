// The root helper: `__helper SOCKET` works for the session process that listens there, `__helper` alone repairs what a
// killed helper and its guard have left, `__helper after-killed` is what the guard starts. The first is started in front
// of a terminal (sudo asks there) and goes to the background by starting itself once more: the network of a laptop
// outlives the terminal.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describeError, TpError } from '../../errors.ts';
import { writeLine } from '../../ipc/lines.ts';
import { HELPER_PROCESS_WORD } from '../../ipc/words.ts';
import { programPath } from '../../program-path.ts';
import { AFTER_KILLED, startGuard } from './guard.ts';
import { takeHelperLock } from './helper-lock.ts';
import { laptopTaken, takenByHelper } from './laptop-taken.ts';
import { findLockHolder } from './lock-holder.ts';
import type { HelperAnswer } from './messages.ts';
import { connectPeer, type Peer } from './peer.ts';
import { repairLaptop, undoLaptop } from './repair.ts';
import { sayLast, serveHelper } from './serve-helper.ts';

/** Behind the socket's path: this is the one in the background. */
const IN_BACKGROUND = 'background';

/** Resolves with the exit code. */
export async function runHelperProcess([socket, place]: readonly string[]): Promise<number> {
  try {
    assertRoot();
    if (socket === undefined) repairOnly();
    else if (socket === AFTER_KILLED) undoForKilled();
    else if (place === IN_BACKGROUND) await work(socket);
    else return await startInBackground(socket);
    return 0;
  } catch (error) {
    console.error(describeError(error).message);
    return 1;
  }
}

function assertRoot(): void {
  if (process.getuid?.() !== 0) throw new TpError('HELPER_REFUSED', 'The root helper was not started as root.');
}

/** Without terminal and session of its own, so that neither's end reaches it. Its first words are ours. */
async function startInBackground(socket: string): Promise<number> {
  const words = ['--', programPath(), HELPER_PROCESS_WORD, socket, IN_BACKGROUND];
  const child = spawn(process.execPath, words, { detached: true, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', (chunk) => process.stderr.write(chunk));
  const begun = once(child.stdout, 'data').then(() => 0);
  const code = await Promise.race([begun, once(child, 'exit').then(([failed]) => failed ?? 1)]);
  // What is left of them would keep this one here.
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  return code;
}

async function work(path: string): Promise<void> {
  const peer = connectPeer(path);
  try {
    assertSameUser(peer);
    process.stdout.write('connected\n');
    // Whoever has read that is gone.
    process.stdout.on('error', () => undefined);
    await workFor(peer);
  } finally {
    peer.socket.destroy();
  }
}

async function workFor(peer: Peer): Promise<void> {
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => ending.abort());
  const release = takeHelperLock();
  if (release === undefined) return refuse(peer, takenByHelper(findLockHolder()));
  try {
    const used = repairLaptop();
    if (used !== undefined) return await refuse(peer, inUse(used));
    const guard = startGuard(peer.socket);
    await serveHelper(peer, ending.signal);
    guard.dismiss();
  } finally {
    release();
  }
}

function repairOnly(): void {
  const release = takeHelperLock();
  if (release === undefined) throw takenByHelper(findLockHolder());
  try {
    const used = repairLaptop();
    if (used !== undefined) throw inUse(used);
  } finally {
    release();
  }
}

/** The session process hears of it, if there is one. */
function undoForKilled(): void {
  process.stdout.on('error', () => undefined);
  const release = takeHelperLock();
  if (release === undefined) throw takenByHelper(findLockHolder());
  try {
    undoLaptop();
    writeLine(process.stdout, { ended: true } satisfies HelperAnswer);
  } finally {
    release();
  }
}

/** The user who called for root must be the one whose process gets the interface. Root has its own. */
function assertSameUser({ uid }: Peer): void {
  const { SUDO_UID, PKEXEC_UID } = process.env;
  const caller = SUDO_UID ?? PKEXEC_UID;
  if (caller === undefined || uid === 0 || Number(caller) === uid) return;
  throw new TpError('HELPER_REFUSED', `User ${caller} may not have a helper work for a process of user ${uid}.`);
}

async function refuse({ socket }: Peer, error: TpError): Promise<void> {
  socket.on('error', () => socket.destroy());
  await sayLast(socket, { error: describeError(error) });
}

function inUse(name: string): TpError {
  return laptopTaken(`A session process still uses interface ${name}, whose helper was killed.`);
}
