// Breaks a TCP connection so that its far end sees a reset.

import type { Socket } from 'node:net';

/**
 * While the end of our direction is being sent, for a turn of the event loop, Node 24 can neither reset a socket nor
 * close it any more: it stays open for ever. Such a socket is reset right after that.
 */
export function resetSocket(socket: Socket): void {
  const isSendingEnd = socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished;
  if (isSendingEnd && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
