// A lock between processes of this machine. It is an abstract Unix socket: the kernel drops it with its holder, so a
// crash leaves nothing to clean up.

import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

/** Runs `work` while no other process runs under the same name. Waits for its turn without polling. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const lock = await take(`\0kubectl-tp-lab/${name}`);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function take(path: string): Promise<{ close: () => void }> {
  for (;;) {
    const server = await listen(path);
    if (server) return server;
    await untilReleased(path);
  }
}

async function listen(path: string): Promise<{ close: () => void } | undefined> {
  // Those who wait hold a connection; it ends with the lock.
  const waiting = new Set<import('node:net').Socket>();
  const server: Server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => waiting.delete(socket));
  });
  server.listen(path);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return {
    close: () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}

function untilReleased(path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve()).on('close', () => resolve());
    socket.resume();
  });
}
