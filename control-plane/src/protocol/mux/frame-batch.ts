// Gathers the frames of all streams for the connection: what is sent between two looks at the network leaves in one
// system call, which costs more than everything else that a small frame needs.

import type { Duplex } from 'node:stream';

/** Up to this size one copy of everything is cheaper than many buffers in the system call. */
const JOIN_BYTES = 16 << 10;
/** Enough for one system call; it leaves at once. */
const FULL_BYTES = 64 << 10;

export type FrameBatch = {
  /** Nothing more, please, until the connection says `drain`; control frames may still be added. */
  readonly isFull: boolean;
  /** All that has not left yet. */
  readonly unsentBytes: number;
  /** The parts of one frame. */
  add(...parts: Buffer[]): void;
  flush(): void;
};

export function createFrameBatch(socket: Duplex): FrameBatch {
  let waiting: Buffer[] = [];
  let bytes = 0;

  function flush(): void {
    if (bytes === 0 || socket.destroyed) return;
    const ready = bytes > JOIN_BYTES ? waiting : [Buffer.concat(waiting, bytes)];
    waiting = [];
    bytes = 0;
    socket.cork();
    for (const part of ready) socket.write(part);
    socket.uncork();
  }

  return {
    get isFull() {
      return socket.writableNeedDrain;
    },
    get unsentBytes() {
      return bytes + socket.writableLength;
    },
    add(...parts) {
      // Immediates run when every connection that has something to read has been heard.
      if (bytes === 0) setImmediate(flush);
      for (const part of parts) {
        waiting.push(part);
        bytes += part.length;
      }
      if (bytes >= FULL_BYTES) flush();
    },
    flush,
  };
}
