// Servers and connections on this machine's loopback.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

/** On a free port, until the end of the test. Connections are the test's own. */
export async function listen(t: ExecutionContext, server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen({ port: 0, host, backlog: 4096 });
  await once(server, 'listening');
  t.teardown(() => server.close());
  return portOf(server);
}

/** A TCP application; its connections end with the test. */
export async function startApp(
  t: ExecutionContext,
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; server: Server }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const port = await listen(t, server);
  t.teardown(() => {
    for (const socket of open) socket.destroy();
  });
  return { port, server };
}

export async function dialTcp(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * A port that nobody listens on. Not one that the system gave and took back: it would soon give it to a server of
 * another test. Linux gives those from 32768 on (ip_local_port_range).
 */
export async function closedPort(): Promise<number> {
  const server = createServer();
  for (;;) {
    const port = randomInt(10_000, 32_768);
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch {
      continue; // somebody has it
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
