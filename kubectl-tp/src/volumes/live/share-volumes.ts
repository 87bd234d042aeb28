// Hands connections to a pod's volumes to processes of the same user that mount them by themselves: those in a command's
// own mount namespace, which does not see the mounts of this one.

import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { ACCEPTED, splice } from '@kubectl-tp/control-plane/protocol';
import { MAX_SOCKET_PATH_BYTES } from '../../socket-path.ts';
import type { LiveMount } from '../mounts.ts';
import type { DialVolumes } from './dial-volumes.ts';

export type SharedFolder = {
  readonly mount: LiveMount;
  readonly exported: string;
  /** This process has a copy in its place. Elsewhere a mount may be possible, over the copy. */
  readonly isCopied: boolean;
  /** What is told of the copy, and untrue where it is mounted. */
  readonly notes: readonly string[];
};

export type SharedVolumes = {
  /** Of a unix socket that only its owner reaches. Each connection to it is one to the pod once it has given ACCEPTED. */
  readonly socket: string;
  readonly folders: readonly SharedFolder[];
  close(): void;
};

/** Undefined where the path is too long for a socket. Which folders can be asked for is for the caller to say. */
export async function shareVolumes(
  path: string,
  dial: DialVolumes,
): Promise<Omit<SharedVolumes, 'folders'> | undefined> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) return undefined;
  const lifetime = new AbortController();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    void join(socket, dial, lifetime.signal);
  });
  await rm(path, { force: true });
  await once(server.listen(path), 'listening');
  return {
    socket: path,
    close() {
      lifetime.abort();
      // Node removes the socket's file.
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function join(socket: Socket, dial: DialVolumes, signal: AbortSignal): Promise<void> {
  socket.on('error', () => socket.destroy());
  try {
    const stream = await dial(signal);
    socket.write(ACCEPTED);
    splice({ stream: socket, reset: () => socket.destroy() }, { stream, reset: () => stream.destroy() });
  } catch {
    socket.destroy(); // whoever asks asks again
  }
}
