// Breaks a TCP connection so that its far end sees a reset, also in the moment in which it is being ended.

import type { Socket } from 'node:net';

/**
 * For a socket that is connected. Libuv can't reset one whose shutdown is under way (EINVAL), and Node 24 then never
 * closes it: `end()` and `resetAndDestroy()` in one turn of the event loop leak the descriptor, and the far end sees
 * nothing.
 */
export function resetSocket(socket: Socket): void {
  // With data still to be written, the shutdown has not begun.
  const isShuttingDown = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isShuttingDown && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
