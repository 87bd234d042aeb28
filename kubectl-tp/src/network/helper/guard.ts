// Watches over a helper, which can't undo its work when it is killed: then the guard has another one do that. It holds
// the helper's connection, too, so that the session process hears of the end when all is as it was before.

import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { HELPER_PROCESS_WORD } from '../../ipc/words.ts';
import { programPath } from '../../program-path.ts';

/** In the place of the socket's path: undoes what a killed helper has done, and says so on standard output. */
export const AFTER_KILLED = 'after-killed';

export type Guard = {
  /** There is nothing left to undo. */
  dismiss(): void;
};

const SHELL = '/bin/sh';
/**
 * A line tells it to go; its input ends without one when the helper is dead. The program stands in the environment:
 * whoever kills all processes with our name in their command line, or all of Node, leaves this one.
 */
const SCRIPT = 'read -r line || exec "$NODE" -- "$PROGRAM" "$WORD" "$AFTER"';

/** Started before there is something to undo. A signal to the helper's group does not reach it. */
export function startGuard(connection: Socket): Guard {
  const env = { NODE: process.execPath, PROGRAM: programPath(), WORD: HELPER_PROCESS_WORD, AFTER: AFTER_KILLED };
  const guard = spawn(SHELL, ['-c', SCRIPT], { detached: true, cwd: '/', env, stdio: ['pipe', connection, 'ignore'] });
  // Without it the helper works as well as long as nobody kills it.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return { dismiss: () => void guard.stdin.end('over\n') };
}
