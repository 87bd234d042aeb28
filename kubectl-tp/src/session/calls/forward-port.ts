// A port of the laptop's localhost that leads to the same port of a command's own network: a browser of the laptop finds
// the application where it would be without such a network.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { resetSocket, splice } from '@kubectl-tp/control-plane/protocol';
import type { InsideDialer } from '../../tunnel/local-target.ts';

export type ForwardedPort = { close(): void };

/** As an application under development would: nobody else of the network may call it. */
const LOOPBACK = '127.0.0.1';

/** Resolves with undefined when the port is not free, or not for this user. */
export async function forwardPort(port: number, inside: InsideDialer): Promise<ForwardedPort | undefined> {
  const closed = new AbortController();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    void join(socket, { inside, port, signal: closed.signal });
  });
  try {
    await once(server.listen({ host: LOOPBACK, port }), 'listening');
  } catch {
    return undefined;
  }
  return {
    close() {
      closed.abort();
      server.close();
    },
  };
}

type Way = { readonly inside: InsideDialer; readonly port: number; readonly signal: AbortSignal };

async function join(socket: Socket, { inside, port, signal }: Way): Promise<void> {
  socket.on('error', () => undefined);
  const local = await inside.dial(port, signal);
  // Where nobody listens, a connection that was accepted can only be reset.
  if (local === undefined) return void resetSocket(socket);
  splice({ stream: socket, reset: () => resetSocket(socket) }, { stream: local, reset: () => resetSocket(local) });
}
